// SPDX-License-Identifier: Apache-2.0
// A WAN port and a crowd that never proves who it is: how many connections it costs, whom it keeps
// out.
#include <gtest/gtest.h>

#include <deque>

#include "proxy/tls/plain_engine.h"
#include "proxy/uplink/wan_port.h"
#include "tests/sim/sim_loop.h"

namespace longthrow::sim {
namespace {

constexpr std::size_t kMax = WanPort::kStrangersMax;
// Connections that are being closed, and those of one turn of the loop.
constexpr std::size_t kSlack = 16;

class StrangersTest : public ::testing::Test, public WanPortOwner {
 protected:
  void SetUp() override {
    for (const HostId host : {flood_, peer_}) network_.set_path(host, node_, {});
    ASSERT_TRUE(port_.start().has_value());
  }
  void TearDown() override {
    port_.stop();
    run(std::chrono::seconds(5));
    EXPECT_TRUE(port_.idle());
    EXPECT_EQ(loop_.sockets_open(), 0U);
  }
  Result<std::unique_ptr<TlsEngine>> wan_engine(const WanPort&) override {
    return make_plain_engine("dr");
  }
  void on_wan_hello(std::unique_ptr<Lane> lane, const wire::Hello&) override {
    lane->drop();
    closing_list_.retire(std::move(lane));
  }
  void on_wan_bye(std::unique_ptr<Lane> lane, const wire::Bye&) override {
    lane->drop();
    closing_list_.retire(std::move(lane));
  }
  void on_wan_refused(WanPort&, const std::string&, const Error& why) override {
    reasons_.push_back(why.message);
    breaches_ += why.code == ErrorCode::protocol ? 1 : 0;
  }

  void run(Duration time) { world_.run_for(time); }
  NetId connect(HostId from) {
    return network_.connect(from, port_.local(), {.use = SocketUse::lane}).value();
  }
  // One connection a millisecond, each handled by `then`; the most sockets that the node had.
  template <typename Then>
  std::size_t crowd(int count, Then then) {
    std::size_t most = 0;
    for (int i = 0; i < count; ++i) {
      const NetId socket = connect(flood_);
      run(std::chrono::milliseconds(1));
      then(socket);
      most = std::max(most, loop_.sockets_open());
    }
    return most;
  }
  [[nodiscard]] bool still_there(NetId socket) {
    std::array<std::byte, 64> into{};
    int got = 0;
    while ((got = network_.read(socket, into)) > 0) continue;
    return got == -EAGAIN;
  }

  SimWorld world_{42};
  SimNetwork network_{world_, {}};
  HostId flood_ = network_.add_host("flood", "10.0.0.1");
  HostId peer_ = network_.add_host("peer", "10.0.0.2");
  HostId node_ = network_.add_host("node", "10.0.0.3");
  SimLoop loop_{network_, node_, "node"};
  ClosingList closing_list_{loop_};
  WanPort port_{loop_, closing_list_, *this, network_.endpoint(node_, 7700), ""};
  std::deque<std::string> reasons_;
  int breaches_ = 0;  // of them
};

TEST_F(StrangersTest, RefusedOnesThatStayCountLikeThoseThatWait) {
  const std::string noise = "GET / HTTP/1.1\r\n\r\n";
  const std::size_t most = crowd(
      1000, [&](NetId socket) { (void)network_.write(socket, std::as_bytes(std::span(noise))); });
  EXPECT_GE(reasons_.size(), 900U);
  EXPECT_GT(most, kMax / 2) << "they are told why before they are dropped";
  EXPECT_LE(most, kMax + kSlack);
}

TEST_F(StrangersTest, OnlyWhoBeganAsAPeerCanBreakTheProtocol) {
  const auto say = [&](std::string_view text) {
    const NetId socket = connect(flood_);
    run(std::chrono::milliseconds(1));
    (void)network_.write(socket, std::as_bytes(std::span(text)));
    run(std::chrono::milliseconds(100));
  };
  say("GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(breaches_, 0);
  std::string noise(kPlainPreface);
  noise.append(64, '\xff');
  say(noise);
  EXPECT_EQ(breaches_, 1);
  EXPECT_EQ(reasons_.size(), 2U);
}

TEST_F(StrangersTest, WhoHasClosedIsGoneAtOnce) {
  const std::size_t most =
      crowd(1000, [&](NetId socket) { (void)network_.close(socket, CloseMode::graceful); });
  EXPECT_LE(most, kSlack);
}

TEST_F(StrangersTest, SilentOnesCrowdOutTheirOwnAndNotThePeer) {
  const NetId peer = connect(peer_);
  const std::size_t most = crowd(2000, [](NetId) {});
  EXPECT_LE(most, kMax + kSlack);
  EXPECT_GE(most, kMax);
  EXPECT_TRUE(still_there(peer));
  EXPECT_NE(std::ranges::find(reasons_, "too many connections that have not said hello"),
            reasons_.end());
}

TEST_F(StrangersTest, TheSilentAreGoneAfterTheirTime) {
  (void)crowd(100, [](NetId) {});
  run(WanPort::kHelloTimeout);
  run(std::chrono::milliseconds(500));
  EXPECT_EQ(loop_.sockets_open(), 1U) << "the listener";
}

}  // namespace
}  // namespace longthrow::sim
