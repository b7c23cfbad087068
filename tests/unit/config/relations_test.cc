// SPDX-License-Identifier: Apache-2.0
// What must hold between values.
#include "proxy/config/shares.h"
#include "tests/unit/config/config_case.h"

namespace longthrow {
namespace {

using Relations = ConfigCase;
const std::string kListen = "listen = \"192.0.2.1:7700\"\n";
const std::string kPsk = "tls = { psk_file = \"/k\" }\n";

TEST_F(Relations, NothingIsNoConfiguration) {
  text("");
  expect_error("/etc/main.toml: ", "there is no link");
}
TEST_F(Relations, LinkNeedsListenOrConnect) {
  link(kPsk);
  expect_error("/etc/main.toml:1: link.dr: ", "listen");
}
TEST_F(Relations, LinkNeedsTls) {
  link(kListen);
  expect_error("/etc/main.toml:1: link.dr.tls: ", "longthrow genkey");
}
TEST_F(Relations, RefusedValueCausesNoSecondError) {
  link("listen = 5\ntls = 5\n");
  const auto result = parse();
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().size(), 2U) << joined(result.error());
}
TEST_F(Relations, OnlyDrbdHasPingsToAnswer) {
  text("[link.dr]\n" + kListen + kPsk +
       "[route.r0]\nlink = \"dr\"\ntarget = \"db:1\"\nanswer_pings = \"outage\"\n");
  expect_error("/etc/main.toml:7: route.r0.answer_pings: ", "protocol = \"drbd\"");
}
TEST_F(Relations, AHandshakeOfDrbdDoesNotWaitForTheLink) {
  text("[link.dr]\n" + kListen + kPsk +
       "[route.r0]\nlink = \"dr\"\nlisten = \"127.0.0.1:1\"\nprotocol = \"drbd\"\nwhen_down = "
       "\"wait\"\n");
  expect_error("/etc/main.toml:8: route.r0.when_down: ", "DRBD tries again");
}
TEST_F(Relations, DrbdProxyNamesALinkThatIsThere) {
  text("[link.dr]\n" + kListen + kPsk +
       "[route.r0]\nlink = \"dr\"\ntarget = \"db:1\"\n[drbd-proxy]\nlink = \"d\"\n");
  expect_error("/etc/main.toml:8: drbd-proxy.link: ", "did you mean \"dr\"");
}
TEST_F(Relations, DeadAfterIsTwiceTheHeartbeat) {
  link_with("heartbeat = \"6s\"\n");
  expect_error("/etc/main.toml:1: link.dr.dead_after: ",
               "10s is less than twice the heartbeat (6s)");
}
TEST_F(Relations, RouteNeedsItsLink) {
  smallest_and("[route.r1]\nlink = \"rd\"\ntarget = \"db:1\"\n");
  expect_error("/etc/main.toml:8: route.r1.link: ", "there is no [link.rd]; did you mean \"dr\"?");
}
TEST_F(Relations, RouteNeedsALink) {
  smallest_and("[route.r1]\ntarget = \"db:1\"\n");
  expect_error("/etc/main.toml:7: route.r1.link: ", "missing");
}
TEST_F(Relations, RouteNeedsListenOrTarget) {
  smallest_and("[route.r1]\nlink = \"dr\"\n");
  expect_error("/etc/main.toml:7: route.r1: ", "listen");
}
TEST_F(Relations, GroupIsOnOneLink) {
  smallest_and("group = \"g\"\n[link.b]\nconnect = \"b:1\"\n" + kPsk +
               "[route.r1]\nlink = \"b\"\ntarget = \"db:1\"\ngroup = \"g\"\n");
  expect_error("/etc/main.toml:14: route.r1.group: ", "on \"dr\" and on \"b\"");
}
TEST_F(Relations, GroupTableNeedsARoute) {
  smallest_and("[group.vm9]\n");
  expect_error("/etc/main.toml:7: group.vm9: ", "no route has this group");
}
TEST_F(Relations, ShareFitsTheSendShare) {
  smallest_and("[group.r0]\nshare = \"800MiB\"\n");
  expect_error("/etc/main.toml:8: group.r0.share: ", "768MiB");
}
TEST_F(Relations, MemlimitFitsItsGroups) {
  std::string lines = "[route.r0]\nlink = \"dr\"\ntarget = \"db:1\"\n";
  for (int i = 1; i < 9; ++i) {
    lines += "[route.r" + std::to_string(i) + "]\nlink = \"dr\"\ntarget = \"db:1\"\n";
  }
  text("[link.dr]\n" + kListen + kPsk + "memlimit = \"16MiB\"\n" + lines);
  expect_error("/etc/main.toml:4: link.dr.memlimit: ", "too small for 9 groups");
}
TEST_F(Relations, SharesAreCheckedOfAnyConfiguration) {
  Config config;
  config.links["dr"].memlimit = 16 * kMiB;
  for (int i = 0; i < 8; ++i) {
    const std::string name = "r" + std::to_string(i);
    config.routes[name].link = "dr";
    config.routes[name].group = name;
  }
  EXPECT_TRUE(check_shares(config).has_value());
  config.routes["r8"].link = "dr";
  config.routes["r8"].group = "r8";
  EXPECT_EQ(check_shares(config).error().message.find("link.dr.memlimit: 16MiB is too small"), 0U);
  config.routes["r8"].group = "r7";
  EXPECT_TRUE(check_shares(config).has_value());
  config.groups["r0"].share = 13 * kMiB;
  EXPECT_EQ(check_shares(config).error().message.find("group.r0.share: 13MiB"), 0U);
}
TEST_F(Relations, EightGroupsFitTheSmallestMemlimit) {
  std::string lines;
  for (int i = 0; i < 8; ++i) {
    lines += "[route.r" + std::to_string(i) + "]\nlink = \"dr\"\ntarget = \"db:1\"\n";
  }
  text("[link.dr]\n" + kListen + kPsk + "memlimit = \"16MiB\"\n" + lines);
  EXPECT_EQ(good_link().memlimit, kMemlimitMin);
}
TEST_F(Relations, UnusedLinkIsWarnedOf) {
  smallest_and("[link.b]\nconnect = \"b:1\"\n" + kPsk);
  EXPECT_EQ(warnings(),
            "/etc/main.toml:7: link.b: no route uses this link; it will carry nothing\n");
}

TEST_F(Relations, TwoRoutesDoNotShareAnAddress) {
  smallest_and("[route.r1]\nlink = \"dr\"\nlisten = \"127.0.0.1:7788\"\n");
  expect_error("/etc/main.toml:9: route.r1.listen: ",
               "taken by route.r0.listen at /etc/main.toml:6");
}
TEST_F(Relations, WildcardTakesEveryAddress) {
  smallest_and("[route.r1]\nlink = \"dr\"\nlisten = \"0.0.0.0:7788\"\n");
  expect_error("/etc/main.toml:9: route.r1.listen: ", "taken by route.r0.listen");
}
TEST_F(Relations, HttpDoesNotShareAnAddress) {
  smallest_and("[node]\nhttp = \"127.0.0.1:7788\"\n");
  expect_error("/etc/main.toml:6: route.r0.listen: ", "taken by node.http");
}
TEST_F(Relations, RouteInACircleIsRefused) {
  smallest_and("target = \"127.0.0.1:7788\"\n");
  expect_error("/etc/main.toml:7: route.r0.target: ", "circle");
}
TEST_F(Relations, HttpOffLoopbackIsWarnedOf) {
  smallest_and("[node]\nhttp = \"192.0.2.1:9917\"\n");
  EXPECT_NE(warnings().find("/etc/main.toml:8: node.http: 192.0.2.1:9917 is not loopback"),
            std::string::npos);
}

TEST_F(Relations, LinksShareAListenerWithDifferentKeys) {
  smallest_and("[link.b]\n" + kListen + "tls = { psk_file = \"/b\" }\n[route.r1]\nlink = \"b\"\n" +
               "target = \"db:1\"\n");
  EXPECT_EQ(good().config.links.size(), 2U);
}
TEST_F(Relations, LinksOfOneListenerMustBeToldApart) {
  smallest_and("[link.z]\n" + kListen + "tls = { psk_file = \"/etc/longthrow/dr.psk\" }\n" +
               "[route.r1]\nlink = \"z\"\ntarget = \"db:1\"\n");
  expect_error("/etc/main.toml:9: link.z.tls: ", "told apart");
}
TEST_F(Relations, AnyNameIsAmbiguousOnASharedListener) {
  const std::string cert = "tls = { cert = \"/c\", key = \"/k\", ca = \"/a\", peer_name = ";
  text("[link.a]\n" + kListen + cert + "\"a\" }\n[link.b]\n" + kListen + cert + "\"*\" }\n");
  expect_error("/etc/main.toml:6: link.b.tls: ", "told apart");
}

TEST_F(Relations, KeyFileAndCertificateExclude) {
  link(kListen + "tls = { psk_file = \"/k\", cert = \"/c\" }\n");
  expect_error("/etc/main.toml:3: link.dr.tls: ", "a pre-shared key or certificates");
}
TEST_F(Relations, EmptyTlsTableIsRefused) {
  link(kListen + "tls = { }\n");
  expect_error("/etc/main.toml:3: link.dr.tls: ", "empty");
}
TEST_F(Relations, PeerNameIsRequiredWithCa) {
  link(kListen + "tls = { cert = \"/c\", key = \"/k\", ca = \"/a\" }\n");
  expect_error("/etc/main.toml:3: link.dr.tls.peer_name: ", "missing");
}
TEST_F(Relations, CertificateKeysAreAllRequired) {
  link(kListen + "tls = { ca = \"/a\", peer_name = \"b\" }\n");
  const std::string all = errors();
  EXPECT_NE(all.find(":3: link.dr.tls.cert: missing"), std::string::npos) << all;
  EXPECT_NE(all.find(":3: link.dr.tls.key: missing"), std::string::npos) << all;
}
TEST_F(Relations, AnyPeerNameIsWarnedOf) {
  link(kListen + "tls = { cert = \"/c\", key = \"/k\", ca = \"/a\", peer_name = \"*\" }\n");
  EXPECT_NE(warnings().find("/etc/main.toml:3: link.dr.tls.peer_name: \"*\""), std::string::npos);
}

TEST_F(Relations, PlaintextOnLoopbackIsWarnedOf) {
  link("listen = \"127.0.0.1:7700\"\nconnect = [\"localhost:1\", \"[::1]:2\"]\ntls = \"none\"\n");
  EXPECT_NE(warnings().find("/etc/main.toml:4: link.dr.tls: \"none\": nothing is encrypted"),
            std::string::npos);
}
TEST_F(Relations, PlaintextOffLoopbackIsRefused) {
  for (const char* line :
       {"listen = \"0.0.0.0:7700\"\n", "connect = \"192.0.2.1:7700\"\n",
        "connect = \"dr.example.org:7700\"\n", "connect = [\"localhost:1\", \"b:1\"]\n"}) {
    sources_.clear();
    link(std::string(line) + "tls = \"none\"\n");
    expect_error("/etc/main.toml:3: link.dr.tls: ", "is not loopback");
  }
}
TEST_F(Relations, PlaintextFromAnOpenSourceIsRefused) {
  link("connect = \"localhost:1\"\ntls = \"none\"\nsource = \"192.0.2.1\"\n");
  expect_error("/etc/main.toml:3: link.dr.tls: ", "192.0.2.1:0 is not loopback");
}
TEST_F(Relations, PlaintextCanBeAllowed) {
  link(kListen + "tls = \"none\"\nallow_plaintext = true\n");
  EXPECT_TRUE(std::holds_alternative<NoTls>(good_link().tls));
}

}  // namespace
}  // namespace longthrow
