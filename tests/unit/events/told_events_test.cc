// SPDX-License-Identifier: Apache-2.0
#include "proxy/events/told_events.h"

#include <gtest/gtest.h>

namespace longthrow {
namespace {

TEST(ToldEvents, ALossNamesItsRouteBytesAndReason) {
  Loss loss{.at = WallTime(std::chrono::seconds(5)),
            .link = "dr",
            .group = "vm1",
            .route = "r0",
            .reason = LossReason::takeover,
            .channels = 1,
            .bytes = 7,
            .text = "why"};
  const Event event = event_of(loss);
  EXPECT_EQ(event.code, EventCode::loss);
  EXPECT_EQ(event.weight, EventWeight::warning);
  EXPECT_EQ(event.at, loss.at);
  EXPECT_EQ(event.link, "dr");
  EXPECT_EQ(event.group, "vm1");
  EXPECT_EQ(event.text, "route r0: 7 bytes (takeover): why");
  loss.reason = LossReason::corrupt;
  EXPECT_EQ(event_of(loss).weight, EventWeight::critical);
  EXPECT_EQ(event_of(Loss{.reason = LossReason::node_killed, .text = "killed"}).text,
            "unknown how many bytes (node_killed): killed");
}

TEST(ToldEvents, ADrainIsDoneOrNot) {
  const auto done = event_of(Drain{.group = "vm1"}, Answer{.message = "drained"});
  ASSERT_TRUE(done.has_value());
  EXPECT_EQ(done->code, EventCode::drained);
  EXPECT_EQ(done->group, "vm1");
  const auto failed = event_of(Drain{.group = "vm1"}, Answer{.ok = false, .message = "lost"});
  EXPECT_EQ(failed->code, EventCode::drain_failed);
  EXPECT_EQ(failed->weight, EventWeight::warning);
  EXPECT_EQ(failed->text, "lost");
}

TEST(ToldEvents, ATakeoverOfACopyThatIsNotConsistentIsCritical) {
  Answer answer{.message = "taken"};
  answer.consistent = true;
  EXPECT_EQ(event_of(Takeover{.name = "dr"}, answer)->weight, EventWeight::warning);
  answer.consistent = false;
  EXPECT_EQ(event_of(Takeover{.name = "dr"}, answer)->weight, EventWeight::critical);
  EXPECT_FALSE(event_of(Takeover{.name = "dr"}, Answer{.ok = false}).has_value()) << "refused";
}

TEST(ToldEvents, WhatTheStatusShowsIsNotToldTwice) {
  EXPECT_FALSE(event_of(Pause{.link = "dr"}, Answer{}).has_value());
  EXPECT_FALSE(event_of(Release{.name = "dr"}, Answer{}).has_value());
  EXPECT_FALSE(event_of(Ping{.link = "dr"}, Answer{}).has_value());
}

}  // namespace
}  // namespace longthrow
