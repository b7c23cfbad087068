// SPDX-License-Identifier: Apache-2.0
// Two uplinks find each other over the simulated network: no session, no channels, no node.
#include "proxy/uplink/uplink.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "proxy/tls/plain_engine.h"
#include "proxy/uplink/wan_port.h"
#include "tests/sim/sim_loop.h"
#include "tests/sim/sim_random.h"
#include "tests/sim/sim_worker_pool.h"

namespace longthrow::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t kPort = 7700;

class PlainLinks final : public TlsProvider {
 public:
  Result<void> load(const Config&) override { return {}; }
  Result<std::unique_ptr<TlsEngine>> client(const std::string& link) override {
    return make_plain_engine(link);
  }
  Result<std::unique_ptr<TlsEngine>> server(std::span<const std::string> links) override {
    return make_plain_engine(links.front());
  }
};

// One node with an uplink and nothing above it: it notes what it is told.
class Site final : public UplinkOwner, public WanPortOwner {
 public:
  Site(SimWorld& world, SimNetwork& network, HostId host, const std::string& name,
       const NameTable& names)
      : network_(network),
        host_(host),
        loop_(network, host, name, {.names = &names}),
        workers_(loop_, world, name),
        random_(world.stream(format("random.{}.{}", name, host))),
        name_(name) {
    random_.fill(incarnation_);
    config_.heartbeat = 2s;
    config_.dead_after = 10s;
  }
  ~Site() override {
    loop_.kill(Death::process);
    uplink.reset();
    closing_.clear();
  }
  // `peer`: whom it dials; "": it only listens.
  void start(const std::string& peer) {
    if (!peer.empty()) config_.connect = {{.host = peer, .port = kPort}};
    port_ = std::make_unique<WanPort>(loop_, closing_, *this, endpoint(), "");
    ASSERT_TRUE(port_->start().has_value());
    uplink = std::make_unique<Uplink>(
        Uplink::Parts{{loop_, workers_, tls_, random_}, closing_, name_, incarnation_, log_}, *this,
        "dr", config_);
    uplink->dial_now();
  }
  void stop() {
    wants_lanes_ = false;
    uplink->stop({wire::ByeReason::going_away, "the peer's node was stopped"});
    port_->stop();
  }
  [[nodiscard]] Endpoint endpoint() const { return network_.endpoint(host_, kPort); }
  [[nodiscard]] std::size_t bulk_lanes() const { return uplink->lanes().bulk().size(); }
  [[nodiscard]] SimLoop& loop() { return loop_; }
  void send_heartbeats() {
    if (!uplink->up()) return;
    ByteQueue record;
    const auto now_ns = static_cast<std::uint64_t>(loop_.now().time_since_epoch().count());
    wire::encode(wire::Heartbeat{.sent_at_ns = now_ns}, record);
    uplink->lanes().express()->send(record.view());
    for (const auto& [index, lane] : uplink->lanes().bulk()) lane->send(record.view());
  }

  std::unique_ptr<Uplink> uplink;
  std::optional<wire::Bye> says;   // its own bye
  bool answers = true;             // heartbeats
  std::optional<Error> ends_with;  // its answer to one record of the express lane
  int ups = 0;
  int downs = 0;
  int lanes_lost = 0;
  std::vector<std::string> byes;
  std::vector<LossReason> sessions_over;

  // --- UplinkOwner
  [[nodiscard]] bool wants_lanes() const override { return wants_lanes_; }
  [[nodiscard]] std::optional<wire::Bye> own_bye() const override { return says; }
  [[nodiscard]] std::optional<Duration> rtt() const override { return std::nullopt; }
  void on_uplink_up() override { ++ups; }
  void on_uplink_down() override { ++downs; }
  void on_lane_down(LaneId) override { ++lanes_lost; }
  Result<void> on_record(Lane& lane, const wire::RecordView& record) override {
    if (ends_with && &lane == uplink->lanes().express())
      return std::unexpected(*std::exchange(ends_with, std::nullopt));
    if (record.type == wire::RecordType::heartbeat && answers) {
      ByteQueue echo;
      wire::encode(
          wire::HeartbeatEcho{.sent_at_ns = wire::decode_heartbeat(record.body)->sent_at_ns}, echo);
      lane.send(echo.view());
    }
    if (record.type == wire::RecordType::heartbeat_echo)
      uplink->on_peer_alive(wire::decode_heartbeat_echo(record.body)->sent_at_ns);
    return {};
  }
  void on_peer_bye(const wire::Bye& bye) override { byes.push_back(bye.text); }
  void on_session_over(const LossCause& cause) override {
    sessions_over.push_back(cause.reason);
    uplink->drop_lanes(std::nullopt);
    uplink->forget_session();
  }
  void ask_peer() override { send_heartbeats(); }
  void on_heartbeat_due() override { send_heartbeats(); }
  void wake() override {}
  // --- WanPortOwner
  Result<std::unique_ptr<TlsEngine>> wan_engine(const WanPort&) override {
    return make_plain_engine("dr");
  }
  void on_wan_hello(std::unique_ptr<Lane> lane, const wire::Hello& hello) override {
    uplink->on_incoming(std::move(lane), hello);
  }
  void on_wan_bye(std::unique_ptr<Lane> lane, const wire::Bye& bye) override {
    lane->finish();
    closing_.retire(std::move(lane));
    uplink->on_incoming_bye(bye);
  }
  void on_wan_refused(WanPort&, const std::string&, const Error&) override {}

 private:
  SimNetwork& network_;
  const HostId host_;
  SimLoop loop_;
  SimWorkerPool workers_;
  SimRandom random_;
  PlainLinks tls_;
  const std::string name_;
  Incarnation incarnation_{};
  ClosingList closing_{loop_};
  LinkLog log_{"dr"};
  LinkConfig config_;
  bool wants_lanes_ = true;
  std::unique_ptr<WanPort> port_;
};

class UplinkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    network_.set_path(alpha_host_, beta_host_, {});
    network_.set_path(clone_host_, beta_host_, {});
    names_.names["alpha"] = {alpha_.endpoint()};
    names_.names["beta"] = {beta_.endpoint()};
  }
  void start_both_dialling() {
    alpha_.start("beta");
    beta_.start("alpha");
  }
  void start_alpha_dialling() {
    beta_.start("");
    alpha_.start("beta");
  }
  void run(Duration time) {
    const TimePoint end = world_.now() + time;
    while (world_.now() < end) {
      world_.run_for(std::min<Duration>(250ms, end - world_.now()));
      for (Site* site : {&alpha_, &beta_, &clone_}) {
        if (site->uplink != nullptr && site->uplink->up())
          site->uplink->check_liveness(world_.now());
      }
    }
  }

  SimWorld world_{42};
  SimNetwork network_{world_, {}};
  HostId alpha_host_ = network_.add_host("alpha", "10.0.0.1");
  HostId beta_host_ = network_.add_host("beta", "10.0.0.2");
  HostId clone_host_ = network_.add_host("clone", "10.0.0.3");
  NameTable names_;
  Site alpha_{world_, network_, alpha_host_, "alpha", names_};
  Site beta_{world_, network_, beta_host_, "beta", names_};
  Site clone_{world_, network_, clone_host_, "alpha", names_};
};

TEST_F(UplinkTest, OneDialsAndBothHaveAllLanes) {
  start_alpha_dialling();
  run(5s);
  for (Site* site : {&alpha_, &beta_}) {
    EXPECT_TRUE(site->uplink->up());
    EXPECT_EQ(site->ups, 1);
    EXPECT_EQ(site->bulk_lanes(), 2U);
    EXPECT_EQ(site->uplink->down_reason(), "");
  }
}

TEST_F(UplinkTest, ABreachOfTheProtocolEndsTheLaneAndIsCounted) {
  start_alpha_dialling();
  run(5s);
  alpha_.ends_with = Error{.message = "no breach"};
  run(5s);
  EXPECT_EQ(alpha_.lanes_lost, 3) << "with the express lane";
  EXPECT_EQ(alpha_.uplink->lanes().protocol_errors(), 0U);
  alpha_.ends_with = breach("a record out of place").error();
  run(5s);
  EXPECT_EQ(alpha_.lanes_lost, 6);
  EXPECT_EQ(alpha_.uplink->lanes().protocol_errors(), 1U);
  EXPECT_EQ(beta_.uplink->lanes().protocol_errors(), 0U);
}

TEST_F(UplinkTest, AnErrorOfARecordHasTheCodeThatIsCounted) {
  start_alpha_dialling();
  run(5s);
  ByteQueue noise;
  noise.append(ByteView(std::vector<std::byte>(64, std::byte{0xff})));
  beta_.uplink->lanes().express()->send(noise.view());
  run(1s);
  EXPECT_EQ(alpha_.uplink->lanes().protocol_errors(), 1U);
  EXPECT_EQ(beta_.uplink->lanes().protocol_errors(), 0U);
}

TEST_F(UplinkTest, BothDialAndOneExpressLaneStays) {
  start_both_dialling();
  run(20s);
  for (Site* site : {&alpha_, &beta_}) {
    EXPECT_TRUE(site->uplink->up());
    EXPECT_EQ(site->ups, 1);
    EXPECT_EQ(site->bulk_lanes(), 2U);
    EXPECT_EQ(site->downs, 0);
  }
}

TEST_F(UplinkTest, SilenceEndsAllLanesAndTheyComeAgain) {
  start_both_dialling();
  run(5s);
  network_.cut(alpha_host_, beta_host_, kNever);
  run(20s);
  for (Site* site : {&alpha_, &beta_}) {
    EXPECT_FALSE(site->uplink->up());
    EXPECT_EQ(site->downs, 1);
    EXPECT_EQ(site->lanes_lost, 3);
    EXPECT_NE(site->uplink->down_reason(), "");
    ASSERT_TRUE(site->uplink->down_since().has_value());
    EXPECT_FALSE(site->uplink->peer_gone_since() &&
                 world_.now() - *site->uplink->peer_gone_since() < 5s)
        << "nothing is heard through a cut: nobody says that the peer is gone";
  }
  network_.heal();
  run(2s);
  for (Site* site : {&alpha_, &beta_}) {
    EXPECT_TRUE(site->uplink->up());
    EXPECT_EQ(site->ups, 2);
    EXPECT_FALSE(site->uplink->down_since().has_value());
    EXPECT_TRUE(site->sessions_over.empty()) << "a cut costs lanes, not the session";
  }
}

TEST_F(UplinkTest, WhoIsPausedOrFencedTurnsThePeerAwayAndSaysWhy) {
  beta_.says = wire::Bye{.reason = wire::ByeReason::fenced, .text = "taken over"};
  start_alpha_dialling();
  run(10s);
  EXPECT_FALSE(alpha_.uplink->up());
  EXPECT_EQ(alpha_.uplink->down_reason(), "the peer refuses: taken over");
  ASSERT_FALSE(alpha_.byes.empty());
  EXPECT_EQ(alpha_.byes.back(), "taken over");
  beta_.says.reset();
  run(10s);
  EXPECT_TRUE(alpha_.uplink->up());
}

TEST_F(UplinkTest, APeerThatOnlyListensIsToldNowAndThen) {
  beta_.start("");
  alpha_.says = wire::Bye{.reason = wire::ByeReason::paused, .text = "paused by an admin"};
  alpha_.start("beta");
  run(10min);
  EXPECT_EQ(beta_.uplink->down_reason(), "the peer said: paused by an admin");
  EXPECT_GE(beta_.byes.size(), 8U);
  EXPECT_LE(beta_.byes.size(), 12U);
  EXPECT_EQ(beta_.ups, 0);
}

TEST_F(UplinkTest, AStoppedNodeSaysSoAndIsNotDialledForNothing) {
  start_alpha_dialling();
  run(5s);
  beta_.stop();
  run(5s);
  EXPECT_EQ(alpha_.uplink->down_reason().find("the peer said"), std::string::npos)
      << "by now its host says that nobody is there";
  EXPECT_EQ(alpha_.sessions_over, std::vector{LossReason::peer_stopped});
  EXPECT_TRUE(alpha_.uplink->peer_gone_since().has_value());
  EXPECT_TRUE(beta_.uplink->idle());
}

TEST_F(UplinkTest, ASecondNodeOfThePeersNameIsRefusedWhileThePeerAnswers) {
  start_alpha_dialling();
  run(5s);
  clone_.start("beta");
  run(30s);
  EXPECT_TRUE(alpha_.uplink->up());
  EXPECT_EQ(alpha_.downs, 0);
  EXPECT_EQ(clone_.ups, 0);
  EXPECT_NE(clone_.uplink->down_reason().find("two nodes must not have one [node] name"),
            std::string::npos)
      << clone_.uplink->down_reason();
}

TEST_F(UplinkTest, APeerThatIsSilentGivesItsPlaceToTheNodeThatWasStartedAgain) {
  start_alpha_dialling();
  run(5s);
  network_.cut(alpha_host_, beta_host_, kNever);  // its machine has died without a word
  clone_.start("beta");
  run(5s);
  EXPECT_TRUE(clone_.uplink->up());
  EXPECT_EQ(beta_.sessions_over, std::vector{LossReason::peer_restarted});
}

}  // namespace
}  // namespace longthrow::sim
