// SPDX-License-Identifier: Apache-2.0
#include "proxy/groups/restart_verdict.h"

#include <gtest/gtest.h>

namespace longthrow {
namespace {

Answer verdict(const GroupRestart& group) {
  return restart_verdict({.stop_timeout_s = 60, .groups = {{"vm1", group}}});
}

void expect_hinders(const GroupRestart& group, const std::string& part) {
  const Answer answer = verdict(group);
  EXPECT_FALSE(answer.ok) << part;
  ASSERT_EQ(answer.details.size(), 2U);
  EXPECT_NE(answer.details[0].find("group vm1 (link dr): "), std::string::npos)
      << answer.details[0];
  EXPECT_NE(answer.details[0].find(part), std::string::npos) << answer.details[0];
  EXPECT_NE(answer.details[1].find("60 s (stop_timeout)"), std::string::npos);
  EXPECT_FALSE(answer.restart->groups.at("vm1").free());
}

TEST(RestartVerdict, OpenConnectionsAloneOnlyReconnect) {
  const Answer one = verdict({.link = "dr", .connections = 1});
  EXPECT_TRUE(one.ok);
  EXPECT_EQ(one.message, "nothing would be lost; 1 connection will reconnect");
  EXPECT_TRUE(one.details.empty());
  const Answer two = verdict({.link = "dr", .connections = 2});
  EXPECT_EQ(two.message, "nothing would be lost; 2 connections will reconnect");
  EXPECT_EQ(restart_verdict({}).message, "nothing would be lost; no connection is open");
}

TEST(RestartVerdict, EachThingUnderWayHindersAndSaysWhatToDo) {
  expect_hinders({.link = "dr", .to_peer_bytes = 7}, "7 bytes are not delivered at the peer");
  expect_hinders({.link = "dr", .to_peer_bytes = 7}, "longthrow drain vm1 --hold");
  expect_hinders({.link = "dr", .barriers_open = 2}, "2 barriers are not acknowledged");
  expect_hinders({.link = "dr", .to_target_bytes = 9}, "9 bytes of the peer are not taken");
  expect_hinders({.link = "dr", .unapplied_channels = 1}, "DRBD here has not acknowledged");
  expect_hinders({.link = "dr", .peer_silent_s = 12.0}, "for 12 s it has not said");
  expect_hinders({.link = "dr", .peer_silent_s = 12.0}, "`longthrow drain vm1` at the peer");
}

TEST(RestartVerdict, CountsTheGroupsThatHinder) {
  const Answer answer = restart_verdict(
      {.groups = {{"a", {.connections = 1}}, {"b", {.connections = 1, .to_peer_bytes = 1}}}});
  EXPECT_EQ(answer.message, "not now: 1 of 2 groups would lose something, or may");
}

}  // namespace
}  // namespace longthrow
