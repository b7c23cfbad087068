// SPDX-License-Identifier: Apache-2.0
#include "proxy/losses/loss_book.h"

#include <gtest/gtest.h>

#include "proxy/base/log.h"

namespace longthrow {
namespace {
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class LossBookTest : public ::testing::Test {
 protected:
  LossBookTest() { book_.restore({.since = WallTime(seconds(1000))}); }
  Loss loss(std::uint64_t bytes, LossWeight weight = LossWeight::full) const {
    return {.at = WallTime(seconds(2000)) + (now_ - TimePoint{}),
            .link = "dr",
            .group = "vm1",
            .route = "r0",
            .reason = LossReason::session_timeout,
            .weight = weight,
            .channels = 1,
            .bytes = bytes,
            .oldest_s = 3.0,
            .text = "why"};
  }
  void note(std::uint64_t bytes, LossWeight weight = LossWeight::full) {
    book_.note(now_, loss(bytes, weight));
  }
  std::size_t told() { return book_.take_due(now_).size(); }

  LossBook book_;
  TimePoint now_{};
};

TEST_F(LossBookTest, WhatEndsAtOnceIsOneLoss) {
  for (int i = 0; i < 1000; ++i) note(10);
  const auto due = book_.take_due(now_);
  ASSERT_EQ(due.size(), 1U);
  EXPECT_EQ(due.front().number, 1U);
  EXPECT_EQ(due.front().bytes, 10'000U);
  EXPECT_EQ(due.front().channels, 1000U);
  EXPECT_EQ(book_.due_at(), kNever);
}

TEST_F(LossBookTest, OtherReasonsRoutesAndPlacesAreOthers) {
  note(1);
  Loss other = loss(2);
  other.reason = LossReason::takeover;
  book_.note(now_, other);
  other.route = "r1";
  book_.note(now_, other);
  other.place = LossPlace::undelivered;
  book_.note(now_, other);
  EXPECT_EQ(told(), 4U);
  EXPECT_EQ(book_.summary().losses, 4U);
  EXPECT_EQ(book_.summary().bytes, 7U);
  EXPECT_EQ(book_.summary().counts.size(), 2U);
}

TEST_F(LossBookTest, NothingIsNoLoss) {
  note(0);
  EXPECT_EQ(told(), 0U);
  EXPECT_FALSE(book_.summary().last.has_value());
}

TEST_F(LossBookTest, ThoseThatComeAllDayAreToldEverMoreRarelyAndNoByteIsLeftOut) {
  std::size_t lines = 0;
  std::uint64_t bytes = 0;
  for (int second = 0; second < 24 * 3600; ++second) {
    note(5000);
    for (const Loss& each : book_.take_due(now_)) {
      ++lines;
      bytes += *each.bytes;
    }
    now_ += seconds(1);
  }
  EXPECT_LT(lines, 310U);
  for (const Loss& each : book_.take_due(kNever)) bytes += *each.bytes;
  EXPECT_EQ(bytes, 24U * 3600U * 5000U);
  EXPECT_EQ(book_.summary().bytes, bytes);
  EXPECT_EQ(book_.summary().losses, lines + 1);
  now_ += minutes(20);
  note(1);
  EXPECT_EQ(told(), 1U) << "after a long silence it is told at once";
}

TEST_F(LossBookTest, AMinorOneWaitsAndIsCountedNowhereElse) {
  note(24, LossWeight::minor);
  EXPECT_EQ(told(), 0U);
  now_ += minutes(1);
  EXPECT_EQ(told(), 1U);
  EXPECT_EQ(book_.summary().losses, 0U);
  EXPECT_TRUE(book_.summary().counts.empty());
  EXPECT_TRUE(book_.report({}).losses.empty());
  EXPECT_EQ(book_.report({}).minor_left_out, 1U);
  EXPECT_EQ(book_.report({.minor = true}).losses.size(), 1U);
}

TEST_F(LossBookTest, AnUnknownStaysUnknown) {
  note(10);
  Loss unknown = loss(0);
  unknown.bytes.reset();
  unknown.oldest_s.reset();
  book_.note(now_, unknown);
  const auto due = book_.take_due(now_);
  ASSERT_EQ(due.size(), 1U);
  EXPECT_FALSE(due.front().bytes.has_value());
  EXPECT_FALSE(due.front().oldest_s.has_value());
}

TEST_F(LossBookTest, TheOldestByteOfJoinedOnesIsTheOldestOfAll) {
  note(1);
  EXPECT_EQ(told(), 1U);
  note(1);
  now_ += milliseconds(500);
  Loss later = loss(1);
  later.oldest_s = 9.0;
  book_.note(now_, later);
  now_ += seconds(1);
  EXPECT_NEAR(*book_.take_due(now_).at(0).oldest_s, 8.5, 0.001);
}

TEST_F(LossBookTest, AFullBookForgetsItsOldestAndSaysHowMuch) {
  for (std::size_t i = 0; i <= LossBook::kLossesMax; ++i) {
    Loss each = loss(2);
    each.route = format("r{}", i);
    book_.note(now_, each);
    (void)book_.take_due(now_);
  }
  EXPECT_TRUE(book_.take_forgot());
  EXPECT_FALSE(book_.take_forgot());
  const LossReport report = book_.report({});
  EXPECT_EQ(report.losses.size(), LossBook::kLossesMax / 2);
  EXPECT_EQ(report.forgotten, LossBook::kLossesMax / 2 + 1);
  EXPECT_EQ(report.forgotten_bytes, 2 * report.forgotten);
  EXPECT_EQ(report.losses.front().number, report.forgotten + 1);
  EXPECT_EQ(book_.summary().losses, LossBook::kLossesMax + 1);
  LossBook next;
  next.restore(book_.all());
  EXPECT_EQ(next.summary().losses, LossBook::kLossesMax + 1);
  EXPECT_EQ(next.summary().bytes, 2 * (LossBook::kLossesMax + 1));
  EXPECT_TRUE(next.summary().counts.empty());
}

TEST_F(LossBookTest, IsAskedByNameAndTime) {
  note(1);
  (void)told();
  now_ += minutes(10);
  Loss other = loss(2);
  other.link = "far";
  other.group = "wal";
  other.route = "w";
  book_.note(now_, other);
  (void)told();
  for (const char* name : {"dr", "vm1", "r0"}) {
    ASSERT_EQ(book_.report({.name = name}).losses.size(), 1U) << name;
    EXPECT_EQ(book_.report({.name = name}).losses.front().bytes, 1U);
  }
  EXPECT_TRUE(book_.report({.name = "none"}).losses.empty());
  const auto late = book_.report({.since = WallTime(seconds(2000)) + minutes(5)});
  ASSERT_EQ(late.losses.size(), 1U);
  EXPECT_EQ(late.losses.front().link, "far");
}

TEST_F(LossBookTest, ForeignTextStaysOnOneLineAndShort) {
  Loss each = loss(1);
  each.text = "the peer said: x\nloss 2: " + std::string(10'000, 'y');
  book_.note(now_, each);
  const std::string text = book_.take_due(now_).at(0).text;
  EXPECT_EQ(text.find('\n'), std::string::npos);
  EXPECT_LT(text.size(), 2 * LossBook::kTextBytesMax);
}

}  // namespace
}  // namespace longthrow
