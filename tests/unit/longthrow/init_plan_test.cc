// SPDX-License-Identifier: Apache-2.0
// The pure parts of `longthrow init`: what it is told, what it proposes, what it writes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/config/load.h"
#include "proxy/config/peer_needs.h"
#include "proxy/config/units.h"
#include "tools/longthrow/init/join_bundle.h"
#include "tools/longthrow/init/memlimit_proposal.h"
#include "tools/longthrow/init/site_advice.h"
#include "tools/longthrow/init/site_files.h"

namespace longthrow::cli {
namespace {

using std::chrono::minutes;
using ::testing::HasSubstr;
using ::testing::Not;

SitePlan sample(const std::string& stream, Dials dials = Dials::peer) {
  return {.name = "alpha",
          .peer_name = "beta",
          .dials = dials,
          .address = HostPort{"192.0.2.1", 7700},
          .peer_address = HostPort{"198.51.100.7", 7700},
          .streams = {*parse_stream(stream)},
          .server = Site::here,
          .memlimit = kGiB};
}

Config parsed(const SitePlan& plan, Site site) {
  auto loaded = parse_config({{"/etc/longthrow/longthrow.toml", config_text(plan, site)}}, "host");
  if (!loaded) {
    ADD_FAILURE() << to_string(loaded.error().front()) << "\n" << config_text(plan, site);
    return {};
  }
  return std::move(loaded->config);
}

std::string error_of(const std::string& stream) {
  const auto result = parse_stream(stream);
  return result ? "" : result.error().message;
}

// --- what it is told

TEST(InitPlan, StreamsAreReadInAllTheirForms) {
  const auto drbd = parse_stream("drbd:r0:7788");
  ASSERT_TRUE(drbd);
  EXPECT_EQ(drbd->software, Software::drbd);
  EXPECT_EQ(drbd->name, "r0");
  EXPECT_EQ(drbd->port, 7788);
  EXPECT_EQ(parse_stream("postgresql")->port, 5432);
  EXPECT_EQ(parse_stream("postgresql:5433")->port, 5433);
  EXPECT_EQ(parse_stream("postgresql:main:5432")->name, "main");
  EXPECT_EQ(parse_stream("tcp:mysql:3306")->software, Software::tcp);
}

TEST(InitPlan, AWrongStreamIsRefusedAndTheFormsAreShown) {
  for (const char* wrong : {"", "drbd", "drbd:r0", "drbd:r 0:7788", "ftp:x:1", "tcp:x:1:2"})
    EXPECT_THAT(error_of(wrong), HasSubstr("drbd:r0:7788")) << wrong;
  for (const char* wrong : {"drbd:r0:0", "drbd:r0:65535", "drbd:r0:99999", "drbd:r0:x", "tcp:x:"})
    EXPECT_THAT(error_of(wrong), HasSubstr("no port from 1 to 65534")) << wrong;
}

TEST(InitPlan, TheWanPortMayBeLeftOut) {
  EXPECT_EQ(to_string(*parse_wan_address("192.0.2.1")), "192.0.2.1:7700");
  EXPECT_EQ(to_string(*parse_wan_address("192.0.2.1:7701")), "192.0.2.1:7701");
  EXPECT_EQ(to_string(*parse_wan_address("dr.example.org")), "dr.example.org:7700");
  EXPECT_EQ(to_string(*parse_wan_address("[2001:db8::1]")), "[2001:db8::1]:7700");
  EXPECT_THAT(parse_wan_address("2001:db8::1").error().message, HasSubstr("[2001:db8::1]"));
  EXPECT_FALSE(parse_wan_address(""));
  EXPECT_FALSE(parse_wan_address("192.0.2.1:0"));
}

TEST(InitPlan, APlanThatCannotWorkIsRefused) {
  SitePlan plan = sample("postgresql");
  EXPECT_TRUE(check_plan(plan));
  plan.peer_name = "alpha";
  EXPECT_THAT(check_plan(plan).error().message, HasSubstr("both sites are named alpha"));
  plan = sample("postgresql");
  plan.address.reset();
  EXPECT_THAT(check_plan(plan).error().message, HasSubstr("--address is missing"));
  plan = sample("postgresql", Dials::both);
  plan.peer_address.reset();
  EXPECT_THAT(check_plan(plan).error().message, HasSubstr("--peer-address is missing"));
  plan = sample("tcp:a:3306");
  plan.streams.push_back(*parse_stream("tcp:b:3307"));  // 3307 is a's listener at the other site
  EXPECT_THAT(check_plan(plan).error().message, HasSubstr("port 3307 of b"));
  plan.streams[1] = *parse_stream("drbd:a:7788");
  EXPECT_THAT(check_plan(plan).error().message, HasSubstr("two streams are named a"));
}

// --- what it proposes

Proposal propose(std::optional<std::uint64_t> writes, std::optional<std::uint64_t> bandwidth,
                 std::uint64_t ram = 1024 * kGiB) {
  return propose_memlimit({.writes = writes,
                           .bandwidth = bandwidth,
                           .outage = minutes(10),
                           .machine = {.ram_bytes = ram, .cgroup_bytes = {}, .cgroup_file = {}}});
}

// README: "5 MiB/s for 10 minutes is 3 GiB", times 4/3.
TEST(InitMemlimit, IsTheRuleOfTheReadme) {
  EXPECT_EQ(propose(5 * kMiB, {}).memlimit, 4032 * kMiB);  // 4000 MiB in steps of 64
  EXPECT_EQ(propose({}, 5 * kMiB).memlimit, 4032 * kMiB);
  EXPECT_THAT(propose(5 * kMiB, {}).why, HasSubstr("10m of 5.0 MiB/s written without compression"));
}

TEST(InitMemlimit, IsNeverMoreThanHalfOfWhatTheMachineGives) {
  const Proposal proposal = propose({}, 5 * kMiB, 4 * kGiB);
  EXPECT_LE(proposal.memlimit, 2 * kGiB);
  EXPECT_GT(proposal.memlimit, kGiB);
  EXPECT_THAT(proposal.why, HasSubstr("this survives"));
  Config config;
  config.links["dr"].memlimit = proposal.memlimit;
  EXPECT_TRUE(check_memory(config, {.ram_bytes = 4 * kGiB, .cgroup_bytes = {}, .cgroup_file = {}}));
  EXPECT_EQ(
      propose_memlimit(
          {.machine = {.ram_bytes = 64 * kGiB, .cgroup_bytes = 512 * kMiB, .cgroup_file = {}}})
          .memlimit,
      192 * kMiB);
}

TEST(InitMemlimit, WithoutNumbersIsTheDefaultAndSaysSo) {
  const Proposal proposal = propose_memlimit({});
  EXPECT_EQ(proposal.memlimit, kGiB);
  EXPECT_THAT(proposal.why, HasSubstr("nothing is said"));
}

TEST(InitMemlimit, NumbersThatNobodyMeansDoNotOverflow) {
  const Proposal proposal = propose_memlimit(
      {.writes = ~0ULL, .bandwidth = {}, .outage = std::chrono::hours(24 * 365), .machine = {}});
  EXPECT_GT(proposal.memlimit, 1024 * kGiB);
}

// --- what it writes

TEST(InitFiles, BothSitesFitTogetherWhoeverDials) {
  for (const Dials dials : {Dials::here, Dials::peer, Dials::both}) {
    const SitePlan plan = sample("postgresql", dials);
    const Config here = parsed(plan, Site::here);
    const Config peer = parsed(plan, Site::peer);
    EXPECT_EQ(here.node.name, "alpha");
    EXPECT_EQ(peer.node.name, "beta");
    const LinkConfig& to_peer = here.links.at("beta");
    const LinkConfig& to_here = peer.links.at("alpha");
    EXPECT_EQ(to_peer.connect.empty(), dials == Dials::peer);
    EXPECT_EQ(to_here.connect.empty(), dials == Dials::here);
    EXPECT_EQ(to_peer.listen.has_value(), dials != Dials::here);
    EXPECT_EQ(to_here.listen.has_value(), dials != Dials::peer);
    if (to_peer.listen) {
      EXPECT_EQ(to_string(*to_peer.listen), to_string(to_here.connect.at(0)));
    }
    EXPECT_EQ(std::get<PskTls>(to_peer.tls).psk_file, "/etc/longthrow/alpha-beta.psk");
    EXPECT_EQ(std::get<PskTls>(to_here.tls).psk_file, "/etc/longthrow/alpha-beta.psk");
    EXPECT_EQ(to_here.memlimit, kGiB);
  }
}

TEST(InitFiles, PostgresqlListensWhereTheStandbyIs) {
  SitePlan plan = sample("postgresql");
  EXPECT_EQ(to_string(*parsed(plan, Site::here).routes.at("wal").target), "127.0.0.1:5432");
  EXPECT_FALSE(parsed(plan, Site::here).routes.at("wal").listen);
  EXPECT_EQ(to_string(*parsed(plan, Site::peer).routes.at("wal").listen), "127.0.0.1:5433");
  plan.server = Site::peer;
  EXPECT_EQ(to_string(*parsed(plan, Site::here).routes.at("wal").listen), "127.0.0.1:5433");
}

TEST(InitFiles, DrbdListensAndDialsAtBothSites) {
  const SitePlan plan = sample("drbd:r0:7788");
  for (const Site site : {Site::here, Site::peer}) {
    const RouteConfig route = parsed(plan, site).routes.at("r0");
    EXPECT_EQ(route.protocol, RouteProtocol::drbd);
    EXPECT_EQ(to_string(*route.listen), "127.0.0.2:7788");
    EXPECT_EQ(to_string(*route.target), "127.0.0.1:7788");
  }
}

TEST(InitFiles, ANameMayHaveADot) {
  SitePlan plan = sample("tcp:my.sql:3306");
  plan.peer_name = "beta.example.org";
  EXPECT_TRUE(parsed(plan, Site::here).links.contains("beta.example.org"));
  EXPECT_TRUE(parsed(plan, Site::peer).routes.contains("my.sql"));
}

TEST(InitFiles, AHostNameListensOnAllAddresses) {
  SitePlan plan = sample("postgresql");
  plan.address = HostPort{"alpha.example.org", 7711};
  EXPECT_EQ(to_string(*parsed(plan, Site::here).links.at("beta").listen), "0.0.0.0:7711");
  EXPECT_EQ(to_string(parsed(plan, Site::peer).links.at("alpha").connect.at(0)),
            "alpha.example.org:7711");
}

// --- what it advises

TEST(InitAdvice, TheFirewallLetsInThePeerAloneWhereThePortIsOpen) {
  const SitePlan plan = sample("postgresql");
  EXPECT_THAT(firewall_command(plan, Site::here),
              HasSubstr("tcp dport 7700 ip saddr != 198.51.100.7 drop;"));
  EXPECT_EQ(firewall_command(plan, Site::peer), "");
  SitePlan six = sample("postgresql");
  six.peer_address = HostPort{"2001:db8::7", 7700};
  EXPECT_THAT(firewall_command(six, Site::here), HasSubstr("ip6 saddr != 2001:db8::7 drop;"));
  six.peer_address = HostPort{"dr.example.org", 7700};
  EXPECT_EQ(firewall_command(six, Site::here), "") << "nft would ask a name server at each boot";
}

TEST(InitAdvice, DrbdsLinesAreThoseOfThePageAndDifferBetweenTheSites) {
  const SitePlan plan = sample("drbd:r0:7788");
  const std::string here = software_lines(plan, Site::here).at(0);
  const std::string peer = software_lines(plan, Site::peer).at(0);
  EXPECT_THAT(here, HasSubstr("on alpha { address 127.0.0.1:7788; }"));
  EXPECT_THAT(here, HasSubstr("on beta { address 127.0.0.2:7788; }"));
  EXPECT_THAT(peer, HasSubstr("on alpha { address 127.0.0.2:7788; }"));
  EXPECT_THAT(peer, HasSubstr("on beta { address 127.0.0.1:7788; }"));
  for (const char* word : {"protocol A", "ping-timeout 300", "ko-count 0", "congestion-fill 921M"})
    EXPECT_THAT(here, HasSubstr(word));
}

TEST(InitAdvice, TheStandbyGetsItsConninfoAndThePrimaryDoesNot) {
  const SitePlan plan = sample("postgresql");
  EXPECT_THAT(software_lines(plan, Site::peer).at(0),
              HasSubstr("primary_conninfo = 'host=127.0.0.1 port=5433 user=replicator "
                        "application_name=beta sslmode=disable gssencmode=disable'"));
  EXPECT_THAT(software_lines(plan, Site::here).at(0), Not(HasSubstr("primary_conninfo")));
}

TEST(InitAdvice, TheUnitIsThatOfTheFolder) {
  EXPECT_EQ(start_command("/etc/longthrow"), "systemctl enable --now longthrowd");
  EXPECT_EQ(start_command("/etc/longthrow/"), "systemctl enable --now longthrowd");
  EXPECT_EQ(start_command("/etc/longthrow/vm1"), "systemctl enable --now longthrowd@vm1");
  EXPECT_EQ(status_command("/etc/longthrow/vm1"),
            "longthrow --control /run/longthrow/vm1/control.sock status");
  EXPECT_EQ(start_command("/opt/x"), "longthrowd --config /opt/x/longthrow.toml");
}

// --- what it gives to the other site

JoinBundle bundle() {
  return {.node = "beta",
          .peer = "alpha",
          .config = "[node]\nname = \"beta\"\n",
          .key_file = "alpha-beta.psk",
          .key = "alpha-beta:" + std::string(64, 'a') + "\n",
          .firewall = "",
          .software = {"line one\n", "line two\n"}};
}

TEST(JoinBundle, IsReadAsItWasWritten) {
  const auto read = parse_bundle(bundle_text(bundle()));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->node, "beta");
  EXPECT_EQ(read->config, bundle().config);
  EXPECT_EQ(read->key, bundle().key);
  EXPECT_EQ(read->software, bundle().software);
}

TEST(JoinBundle, OneThatIsCutOrChangedIsRefusedAtEveryByte) {
  const std::string whole = bundle_text(bundle());
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(parse_bundle(whole.substr(0, size))) << size;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_FALSE(parse_bundle(changed)) << at;
  }
}

TEST(JoinBundle, NamesNeverLeadOutOfTheFolder) {
  for (const char* name :
       {"../dr.psk", "/etc/shadow.psk", "", "longthrow.toml", ".psk", "a/b.psk"}) {
    JoinBundle bad = bundle();
    bad.key_file = name;
    EXPECT_FALSE(parse_bundle(bundle_text(bad))) << name;
  }
  JoinBundle bad = bundle();
  bad.node = "a b";
  EXPECT_FALSE(parse_bundle(bundle_text(bad)));
  bad = bundle();
  bad.key = "no key";
  EXPECT_FALSE(parse_bundle(bundle_text(bad)));
}

}  // namespace
}  // namespace longthrow::cli
