// SPDX-License-Identifier: Apache-2.0
#include "proxy/routes/route_health.h"

#include <gtest/gtest.h>

namespace longthrow::test {
namespace {

using How = ChannelEnd::How;

class Health : public ::testing::Test {
 protected:
  // Channels up to number 10 have been opened on the link when one of this route ends.
  void end(How how, std::uint64_t lost_bytes) {
    health_.on_end({.how = how, .lost_bytes = lost_bytes, .newest_serial = 10, .reason = "why"});
  }
  void see(std::uint64_t serial, std::uint64_t carried_bytes, std::uint64_t waiting_bytes) {
    const RouteHealth::OpenChannel channel{serial, carried_bytes, waiting_bytes};
    health_.observe(std::span(&channel, 1));
  }
  [[nodiscard]] std::string tcp(std::size_t open = 1) const {
    return health_.trouble(RouteProtocol::tcp, open);
  }
  [[nodiscard]] std::string drbd(std::size_t open) const {
    return health_.trouble(RouteProtocol::drbd, open);
  }
  RouteHealth health_;
};

TEST_F(Health, ALossIsNamedWithItsBytesAndReason) {
  end(How::aborted, 6'000'000);
  EXPECT_NE(tcp().find("6000000 bytes were lost: why"), std::string::npos) << tcp();
}

TEST_F(Health, ATakeoverThatLostNothingOfTheCopyIsNoAlarm) {
  end(How::taken, 0);
  health_.on_end({.how = How::taken, .lost_bytes = 100, .to_peer_bytes = 100, .reason = "why"});
  EXPECT_EQ(tcp(), "");
  health_.on_end({.how = How::taken, .lost_bytes = 101, .to_peer_bytes = 100, .reason = "why"});
  EXPECT_NE(tcp(), "");
}

TEST_F(Health, ATakeoverAtTheSourceHasLostWhatThePeerLacks) {
  health_.on_end({.how = How::taken, .lost_bytes = 5000, .to_peer_bytes = 5000, .reason = "why"});
  EXPECT_NE(tcp().find("5000 bytes were lost"), std::string::npos) << tcp();
  EXPECT_EQ(health_.lacking().bytes, 5000U);
}

TEST_F(Health, OnlyANewerChannelThatHasCaughtUpEndsALoss) {
  end(How::aborted, 6'000'000);
  see(10, 5000, 0);  // it was there before the loss
  EXPECT_FALSE(tcp().empty());
  see(11, 0, 0);  // nothing was carried yet
  EXPECT_FALSE(tcp().empty());
  see(11, 5000, 1);  // something waits
  EXPECT_FALSE(tcp().empty());
  see(11, 5000, 0);
  EXPECT_TRUE(tcp().empty()) << tcp();
}

TEST_F(Health, ANewerChannelThatEndedWithAllDeliveredEndsALossToo) {
  end(How::cut, 6'000'000);
  health_.on_whole_channel(10);  // it was opened before the loss
  EXPECT_FALSE(tcp().empty());
  health_.on_whole_channel(11);
  EXPECT_TRUE(tcp().empty()) << tcp();
}

TEST_F(Health, LossesAddUpUntilTheyAreOver) {
  end(How::aborted, 5000);
  end(How::cut, 7000);
  EXPECT_NE(tcp().find("12000 bytes"), std::string::npos) << tcp();
  see(11, 1, 0);
  end(How::aborted, 3000);
  EXPECT_NE(tcp().find("3000 bytes"), std::string::npos) << tcp();
}

TEST_F(Health, ATcpRouteWhoseLastChannelEndedInOrderIsWell) {
  health_.on_carried();
  end(How::in_order, 0);
  EXPECT_TRUE(tcp(0).empty()) << tcp(0);
}

TEST_F(Health, AFarewellThatNobodyReadIsNoLoss) {
  end(How::half_in_order, 24);
  EXPECT_TRUE(tcp(0).empty()) << tcp(0);
  end(How::half_in_order, kTrifleBytes);
  EXPECT_FALSE(tcp(0).empty());
}

TEST_F(Health, ATrifleIsNoAlarmBesideAChannelThatCarries) {
  end(How::aborted, 400);
  EXPECT_NE(tcp(0).find("400 bytes"), std::string::npos) << tcp(0);
  see(3, 5000, 77);
  EXPECT_TRUE(tcp().empty()) << tcp();
}

TEST_F(Health, AnAbortThatDestroyedNothingIsNoAlarm) {
  end(How::aborted, 0);
  EXPECT_TRUE(tcp(0).empty()) << tcp(0);
}

TEST_F(Health, ACutConnectionIsAnAlarmWhateverItLost) {
  end(How::cut, 0);
  EXPECT_FALSE(tcp(0).empty());
  see(3, 5000, 0);  // another one of before the cut
  EXPECT_FALSE(tcp().empty());
  see(11, 5000, 0);
  EXPECT_TRUE(tcp().empty()) << tcp();
}

// Lag must not fall because something was thrown away.
TEST_F(Health, WhatThePeerLacksIsRememberedUntilTheLossIsOver) {
  const TimePoint early{std::chrono::seconds(3)};
  const TimePoint late{std::chrono::seconds(5)};
  const auto lose = [&](std::uint64_t to_peer_bytes, TimePoint oldest_at) {
    health_.on_end({.how = How::cut,
                    .lost_bytes = 9000,
                    .to_peer_bytes = to_peer_bytes,
                    .oldest_at = oldest_at,
                    .newest_serial = 10});
  };
  lose(0, early);  // the peer's own bytes: ours lacks them, not the peer
  EXPECT_EQ(health_.lacking().bytes, 0U);
  EXPECT_EQ(health_.lacking().oldest_at, std::nullopt);
  lose(7000, late);
  lose(2000, early);
  EXPECT_EQ(health_.lacking().bytes, 9000U);
  EXPECT_EQ(health_.lacking().oldest_at, early);
  see(11, 5000, 0);
  EXPECT_EQ(health_.lacking().bytes, 0U);
}

// How much the peer still held is known there only.
TEST_F(Health, ATargetThatBreaksOffIsAnAlarmUntilItHasANewConnection) {
  end(How::broken, 0);
  EXPECT_FALSE(tcp(0).empty());
  see(11, 5000, 0);
  EXPECT_TRUE(tcp().empty()) << tcp();
}

TEST_F(Health, ADrbdRouteWithoutAChannelIsNeverWellOnceItCarried) {
  EXPECT_TRUE(drbd(0).empty()) << drbd(0);
  health_.on_carried();
  EXPECT_TRUE(drbd(2).empty()) << drbd(2);
  EXPECT_FALSE(drbd(0).empty());
  end(How::in_order, 0);
  EXPECT_FALSE(drbd(0).empty());
}

}  // namespace
}  // namespace longthrow::test
