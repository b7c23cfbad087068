// SPDX-License-Identifier: Apache-2.0
#include "proxy/config/load.h"

#include "tests/unit/config/config_case.h"

namespace longthrow {
namespace {

using namespace std::chrono_literals;
using LoadConfig = ConfigCase;

TEST_F(LoadConfig, SmallestFileHasDefaults) {
  text(kSmallest);
  const Loaded loaded = good();
  EXPECT_TRUE(loaded.warnings.empty());
  const LinkConfig& dr = loaded.config.links.at("dr");
  EXPECT_EQ(dr.memlimit, 1 * kGiB);
  EXPECT_TRUE(dr.compression.automatic);
  EXPECT_EQ(dr.bandwidth_bytes_s, 0U);
  EXPECT_EQ(dr.session_timeout, 1h);
  EXPECT_EQ(std::get<PskTls>(dr.tls).psk_file, "/etc/longthrow/dr.psk");
  EXPECT_EQ(loaded.config.node.name, "alpha");
  EXPECT_EQ(loaded.config.node.control, "/run/longthrow/control.sock");
  EXPECT_EQ(loaded.config.routes.at("r0").group, "r0");
  EXPECT_TRUE(loaded.config.groups.contains("r0"));
}

TEST_F(LoadConfig, EveryKeyReachesItsField) {
  text(R"([node]
name = "n1"
control = "/tmp/c.sock"
http = "127.0.0.1:9917"
io = "epoll"
codec_threads = 3
state_dir = "/tmp/state"
log_level = "debug"
stop_timeout = "5s"
overcommit = true
[link.dr]
connect = ["a.example:7700", "[2001:db8::1]:7701"]
source = "2001:db8::2"
memlimit = "64MiB"
compression = "zstd:7"
bandwidth = "100mbit"
lanes = 4
congestion = "bbr"
heartbeat = "500ms"
dead_after = "3s"
session_timeout = "2m"
abort_linger = "0s"
allow_plaintext = true
notify = ["/bin/true", "x"]
[link.dr.tls]
cert = "/c"
key = "/k"
ca = "/a"
peer_name = "beta"
[route.r0]
link = "dr"
listen = "127.0.0.1:7788"
target = "db:5432"
inside_source = "127.0.0.2"
protocol = "drbd"
group = "vm1"
applied_check = ["/bin/false"]
[group.vm1]
share = "8MiB"
)");
  const Config config = good().config;
  EXPECT_EQ(config.node.name, "n1");
  EXPECT_EQ(config.node.control, "/tmp/c.sock");
  EXPECT_EQ(to_string(config.node.http.value()), "127.0.0.1:9917");
  EXPECT_EQ(config.node.io, IoChoice::epoll);
  EXPECT_EQ(config.node.codec_threads, 3);
  EXPECT_EQ(config.node.state_dir, "/tmp/state");
  EXPECT_EQ(config.node.log_level, LogLevel::debug);
  EXPECT_EQ(config.node.stop_timeout, 5s);
  EXPECT_TRUE(config.node.overcommit);
  const LinkConfig& dr = config.links.at("dr");
  ASSERT_EQ(dr.connect.size(), 2U);
  EXPECT_EQ(to_string(dr.connect[1]), "[2001:db8::1]:7701");
  EXPECT_EQ(to_string(dr.source.value()), "[2001:db8::2]:0");
  EXPECT_EQ(dr.memlimit, 64 * kMiB);
  EXPECT_EQ(to_string(dr.compression), "zstd:7");
  EXPECT_EQ(dr.bandwidth_bytes_s, 12'500'000U);
  EXPECT_EQ(dr.lanes, 4);
  EXPECT_EQ(dr.congestion, "bbr");
  EXPECT_EQ(dr.heartbeat, 500ms);
  EXPECT_EQ(dr.dead_after, 3s);
  EXPECT_EQ(dr.session_timeout, 2min);
  EXPECT_EQ(dr.abort_linger, 0s);
  EXPECT_TRUE(dr.allow_plaintext);
  EXPECT_EQ(dr.notify, (std::vector<std::string>{"/bin/true", "x"}));
  EXPECT_EQ(std::get<CertificateTls>(dr.tls), (CertificateTls{"/c", "/k", "/a", "beta"}));
  const RouteConfig& r0 = config.routes.at("r0");
  EXPECT_EQ(to_string(r0.listen.value()), "127.0.0.1:7788");
  EXPECT_EQ(to_string(r0.target.value()), "db:5432");
  EXPECT_EQ(to_string(r0.inside_source.value()), "127.0.0.2:0");
  EXPECT_EQ(r0.protocol, RouteProtocol::drbd);
  EXPECT_EQ(r0.group, "vm1");
  EXPECT_EQ(r0.applied_check, std::vector<std::string>{"/bin/false"});
  ASSERT_EQ(config.groups.size(), 1U);
  EXPECT_EQ(config.groups.at("vm1").share, 8 * kMiB);
}

TEST_F(LoadConfig, ConnectMayBeOneName) {
  link("connect = \"dr.example.org:7700\"\ntls = { psk_file = \"/k\" }\n");
  EXPECT_EQ(good_link().connect, (std::vector<HostPort>{{"dr.example.org", 7700}}));
}

TEST_F(LoadConfig, WordsStandForAutomatic) {
  link_with("lanes = \"auto\"\ncongestion = \"auto\"\nbandwidth = \"unlimited\"\n");
  const LinkConfig dr = good_link();
  EXPECT_EQ(dr.lanes, 0);
  EXPECT_EQ(dr.congestion, "");
  EXPECT_EQ(dr.bandwidth_bytes_s, 0U);
}

TEST_F(LoadConfig, RelativePathStartsAtItsFile) {
  link("listen = \"192.0.2.1:7700\"\ntls = { psk_file = \"keys/dr.psk\" }\n");
  EXPECT_EQ(std::get<PskTls>(good_link().tls).psk_file, "/etc/keys/dr.psk");
}

TEST_F(LoadConfig, ACredentialIsNoPath) {
  link("listen = \"192.0.2.1:7700\"\ntls = { psk_file = \"credential:dr.psk\" }\n");
  EXPECT_EQ(std::get<PskTls>(good_link().tls).psk_file, "credential:dr.psk");
}

TEST_F(LoadConfig, ACredentialHasAName) {
  for (const char* name : {"", "a/b", "../dr"}) {
    sources_.clear();
    link(std::string("listen = \"192.0.2.1:7700\"\ntls = { psk_file = \"credential:") + name +
         "\" }\n");
    expect_error("/etc/main.toml:3: link.dr.tls.psk_file: ", "no name of a credential");
  }
}

TEST_F(LoadConfig, FoldersOfTheServiceManagerAreDefaults) {
  const NodeFolders folders{.runtime = "/run/longthrow/a", .state = "/var/lib/longthrow/a"};
  smallest_and("[node]\nname = \"alpha\"\n");
  const NodeConfig node = parse_config(sources_, "host", folders)->config.node;
  EXPECT_EQ(node.control, "/run/longthrow/a/control.sock");
  EXPECT_EQ(node.state_dir, "/var/lib/longthrow/a");
}

TEST_F(LoadConfig, WhatIsWrittenComesBeforeTheFoldersOfTheServiceManager) {
  smallest_and("[node]\ncontrol = \"/run/c\"\nstate_dir = \"/data/s\"\n");
  const NodeConfig node =
      parse_config(sources_, "host", {.runtime = "/r", .state = "/s"})->config.node;
  EXPECT_EQ(node.control, "/run/c");
  EXPECT_EQ(node.state_dir, "/data/s");
}

TEST_F(LoadConfig, FilesAreOneConfiguration) {
  text("[link.dr]\nlisten = \"192.0.2.1:7700\"\ntls = { psk_file = \"/k\" }\n");
  file("/etc/conf.d/10-r0.toml", "[route.r0]\nlink = \"dr\"\ntarget = \"db:1\"\n");
  EXPECT_EQ(good().config.routes.at("r0").link, "dr");
}

TEST_F(LoadConfig, TableOfTwoFilesNamesBoth) {
  text(kSmallest);
  file("/etc/conf.d/10.toml", "\n[link.dr]\nmemlimit = \"2GiB\"\n");
  expect_error("/etc/conf.d/10.toml:2: link.dr: ",
               "defined twice: in /etc/main.toml:1 and in /etc/conf.d/10.toml:2");
}

TEST_F(LoadConfig, NodeTableOfTwoFilesIsRefused) {
  smallest_and("[node]\n");
  file("/etc/conf.d/10.toml", "[node]\nio = \"epoll\"\n");
  expect_error("/etc/conf.d/10.toml:1: node: ", "/etc/main.toml:7");
}

TEST_F(LoadConfig, TlsTableOfAnotherFileIsRefused) {
  text(kSmallest);
  file("/etc/conf.d/10.toml", "[link.dr.tls]\npsk_file = \"/other\"\n");
  expect_error("/etc/conf.d/10.toml:1: link.dr: ", "/etc/main.toml:1");
}

TEST_F(LoadConfig, KeyWrittenTwiceIsNamed) {
  link_with("listen = \"192.0.2.1:7701\"\n");
  expect_error("/etc/main.toml:4: listen: ", "second time");
}

TEST_F(LoadConfig, TableWrittenTwiceIsNamed) {
  smallest_and("[link.dr]\n");
  expect_error("/etc/main.toml:7: link.dr: ", "second time");
}

TEST_F(LoadConfig, BrokenTomlHasFileAndLine) {
  smallest_and("[node\n");
  expect_error("/etc/main.toml:7: not valid TOML: ");
}

TEST_F(LoadConfig, BrokenFileDoesNotAccuseTheOthers) {
  file("/etc/main.toml", "[link.dr\n");
  file("/etc/conf.d/1.toml", "[route.r0]\nlink = \"dr\"\nlisten = \"127.0.0.1:1\"\n");
  expect_error("/etc/main.toml:1: ");
}

TEST_F(LoadConfig, UnknownKeyMeansTheNearest) {
  link_with("memlimt = \"2GiB\"\n");
  expect_error("/etc/main.toml:4: link.dr.memlimt: ", "did you mean \"memlimit\"?");
}

TEST_F(LoadConfig, UnknownKeyListsWhatIsAllowed) {
  smallest_and("[group.r0]\nwhatever = 1\n");
  expect_error("/etc/main.toml:8: group.r0.whatever: ", "allowed: share");
}

TEST_F(LoadConfig, KeyOfAnotherTableSaysWhere) {
  smallest_and("memlimit = \"2GiB\"\n");
  expect_error("/etc/main.toml:7: route.r0.memlimit: ", "belongs into [link.NAME]");
}

TEST_F(LoadConfig, KeyAboveAllTablesSaysWhere) {
  text(std::string("log_level = \"info\"\n") + kSmallest);
  expect_error("/etc/main.toml:1: log_level: ", "belongs into [node]");
}

TEST_F(LoadConfig, UnknownTableMeansTheNearest) {
  smallest_and("[routes.r1]\n");
  expect_error("/etc/main.toml:7: routes: ", "did you mean \"route\"?");
}

TEST_F(LoadConfig, UnknownTlsKeyMeansTheNearest) {
  link("listen = \"192.0.2.1:7700\"\ntls = { pskfile = \"/k\" }\n");
  const std::string all = errors();
  EXPECT_NE(
      all.find("/etc/main.toml:3: link.dr.tls.pskfile: unknown key; did you mean \"psk_file\"?"),
      std::string::npos)
      << all;
}

TEST_F(LoadConfig, LinkWithoutNameSaysSo) {
  smallest_and("[link]\nmemlimit = \"1GiB\"\n");
  expect_error("/etc/main.toml:8: link.memlimit: ", "needs a name");
}

TEST_F(LoadConfig, ArrayOfTablesIsRefused) {
  text("[[link]]\nlisten = \"192.0.2.1:7700\"\n");
  EXPECT_NE(errors().find("/etc/main.toml:1: link: a list is not allowed here"), std::string::npos);
}

TEST_F(LoadConfig, BadNameIsRefused) {
  smallest_and("[route.\"a b\"]\nlink = \"dr\"\ntarget = \"db:1\"\n");
  expect_error("/etc/main.toml:7: route.a b: ", "1 to 64 letters");
}

TEST_F(LoadConfig, AGroupSaysWhatAccompaniesItsCheckpoints) {
  smallest_and(
      "[group.r0]\non_checkpoint = [\"/bin/snap\", \"vg\"]\nhook_timeout = \"5s\"\n"
      "checkpoint_every = \"15m\"\n");
  const auto result = parse();
  ASSERT_TRUE(result.has_value());
  const GroupConfig& group = result->config.groups.at("r0");
  EXPECT_EQ(group.on_checkpoint, (std::vector<std::string>{"/bin/snap", "vg"}));
  EXPECT_EQ(group.hook_timeout, std::chrono::seconds(5));
  EXPECT_EQ(group.checkpoint_every, std::chrono::minutes(15));
}

TEST_F(LoadConfig, AllErrorsComeInTheOrderOfTheText) {
  text(kSmallest);
  file("/etc/conf.d/1.toml", "[node]\nio = 1\nlog_level = \"loud\"\n");
  file("/etc/conf.d/2.toml", "[group.zzz]\n");
  const auto result = parse();
  ASSERT_FALSE(result.has_value());
  ASSERT_EQ(result.error().size(), 3U) << joined(result.error());
  EXPECT_EQ(result.error()[0].line, 2);
  EXPECT_EQ(result.error()[1].line, 3);
  EXPECT_EQ(result.error()[2].file, "/etc/conf.d/2.toml");
}

TEST_F(LoadConfig, ErrorsAreBounded) {
  std::string lines;
  for (int i = 0; i < 3000; ++i) lines += "unknown" + std::to_string(i) + " = 1\n";
  smallest_and(lines);
  const auto result = parse();
  ASSERT_FALSE(result.has_value());
  ASSERT_EQ(result.error().size(), 20U);
  EXPECT_NE(to_string(result.error().back()).find("more"), std::string::npos);
}

TEST_F(LoadConfig, HostNameThatIsNoNameMustBeReplaced) {
  host_name_ = "localhost";
  text(kSmallest);
  expect_error("/etc/main.toml: node.name: ", "localhost");
}

TEST_F(LoadConfig, WrittenNameWinsOverHostName) {
  host_name_ = "localhost";
  smallest_and("[node]\nname = \"beta\"\n");
  EXPECT_EQ(good().config.node.name, "beta");
}

}  // namespace
}  // namespace longthrow
