// SPDX-License-Identifier: Apache-2.0
#include "proxy/groups/takeover_report.h"

#include <gtest/gtest.h>

namespace longthrow {
namespace {

TakenGroup copy(const std::string& name) {
  TakenGroup group{.name = name};
  group.status.inbound.as_of = WallTime(std::chrono::milliseconds(1'769'860'867'250));
  group.status.inbound.proof = Proof::source;
  group.status.inbound.proof_reason = "one stream, in order";
  return group;
}

TEST(TakeoverReport, AProvenCopySaysAsOfWhen) {
  TakeoverReport report;
  report.add(copy("vm1"));
  const Answer answer = report.answer("dr");
  EXPECT_TRUE(answer.ok);
  EXPECT_EQ(answer.consistent, true);
  ASSERT_EQ(answer.details.size(), 1U);
  EXPECT_EQ(
      answer.details[0],
      "group vm1: the copy is as of 2026-01-31T12:01:07.250Z (sender's clock), proven by: one "
      "stream, in order");
}

TEST(TakeoverReport, WhatStatusCallsInconsistentIsNotCalledProvenGood) {
  TakeoverReport report;
  report.add(copy("a"));
  TakenGroup group = copy("vm1");
  group.status.consistent = Consistency::no;
  group.status.reason = "a resync is running, or was interrupted";
  report.add(group);
  const Answer answer = report.answer("dr");
  EXPECT_TRUE(answer.ok) << "it is done";
  EXPECT_EQ(answer.consistent, false);
  EXPECT_TRUE(answer.details[1].starts_with(
      "group vm1: NOT CONSISTENT: a resync is running, or was interrupted; "));
  EXPECT_NE(answer.message.find("NOT CONSISTENT"), std::string::npos);
}

TEST(TakeoverReport, WhatCannotBeToldIsSaidAsUnknownAndIsNoExitCode0) {
  TakeoverReport report;
  TakenGroup group = copy("vm1");
  group.status.consistent = Consistency::unknown;
  group.status.reason = "DRBD has not said it";
  report.add(group);
  const Answer answer = report.answer("dr");
  EXPECT_EQ(answer.consistent, false);
  EXPECT_NE(answer.message.find("not known to be consistent"), std::string::npos);
  EXPECT_TRUE(answer.details[0].starts_with(
      "group vm1: not known to be consistent: DRBD has not said it; "));
}

TEST(TakeoverReport, WhatIsObservedOrHasNoCutsIsNotProven) {
  for (const Proof proof : {Proof::none, Proof::observed}) {
    TakeoverReport report;
    TakenGroup group = copy("vm1");
    group.status.inbound.proof = proof;
    group.status.inbound.proof_reason = "2 streams, and so on";
    report.add(group);
    EXPECT_NE(report.answer("dr").details[0].find("not proven: 2 streams"), std::string::npos);
  }
}

TEST(TakeoverReport, WhatIsLeftOutIsNoHoleInTheCopy) {
  TakeoverReport report;
  TakenGroup group = copy("vm1");
  group.left_out_bytes = 4096;
  report.add(group);
  const Answer answer = report.answer("dr");
  EXPECT_EQ(answer.consistent, true);
  EXPECT_NE(answer.details[0].find("4096 received bytes behind that are left out"),
            std::string::npos);
}

TEST(TakeoverReport, BytesThatTheTargetDidNotTakeMakeItOlderAndNotConsistent) {
  TakeoverReport report;
  TakenGroup group = copy("vm1");
  group.lost_bytes = 4096;
  report.add(group);
  const Answer answer = report.answer("dr");
  EXPECT_EQ(answer.consistent, false);
  EXPECT_NE(answer.details[0].find("4096 received bytes"), std::string::npos);
  EXPECT_NE(answer.details[0].find("as of a moment before 2026"), std::string::npos);
  EXPECT_EQ(answer.details[0].find("proven by"), std::string::npos);
}

TEST(TakeoverReport, WithoutAnyCopyNothingIsCalledUsable) {
  TakeoverReport report;
  report.add({.name = "vm1"});
  EXPECT_EQ(report.answer("dr").consistent, false);
  report.add(copy("b"));  // a group that never carried anything beside one that did
  EXPECT_EQ(report.answer("dr").consistent, true);
}

}  // namespace
}  // namespace longthrow
