// SPDX-License-Identifier: Apache-2.0
#include "proxy/losses/loss_file.h"

#include <gtest/gtest.h>

#include "proxy/base/durable_file.h"
#include "tests/support/temp_dir.h"

namespace longthrow {
namespace {

Loss sample(std::uint64_t number) {
  return {.number = number,
          .at = WallTime(Duration(1'769'860'867'250'000'000)),
          .link = "dr",
          .group = "vm1",
          .route = "r0",
          .place = LossPlace::undelivered,
          .reason = LossReason::target_stuck,
          .weight = LossWeight::minor,
          .channels = 3,
          .bytes = 5'900'000,
          .perhaps_delivered_bytes = 17,
          .oldest_s = 12.345,
          .text = "the target ~0123 took nothing"};
}

TEST(LossFile, WhatWasWrittenIsRead) {
  LossBook::Kept kept{.since = WallTime(std::chrono::seconds(5)),
                      .losses = {sample(7), {.number = 8, .reason = LossReason::node_killed}},
                      .forgotten = 6,
                      .forgotten_full = 5,
                      .forgotten_bytes = 99};
  const auto read = parse_loss_file(whole_loss_file(kept));
  EXPECT_EQ(read.damaged_lines, 0U);
  EXPECT_EQ(read.kept.since, kept.since);
  EXPECT_EQ(read.kept.forgotten, 6U);
  EXPECT_EQ(read.kept.forgotten_full, 5U);
  EXPECT_EQ(read.kept.forgotten_bytes, 99U);
  ASSERT_EQ(read.kept.losses.size(), 2U);
  const Loss& first = read.kept.losses[0];
  const Loss wanted = sample(7);
  EXPECT_EQ(first.number, 7U);
  EXPECT_EQ(first.at, wanted.at);
  EXPECT_EQ(first.link + first.group + first.route, "drvm1r0");
  EXPECT_EQ(first.place, wanted.place);
  EXPECT_EQ(first.reason, wanted.reason);
  EXPECT_EQ(first.weight, wanted.weight);
  EXPECT_EQ(first.channels, 3U);
  EXPECT_EQ(first.bytes, wanted.bytes);
  EXPECT_EQ(first.perhaps_delivered_bytes, 17U);
  EXPECT_EQ(first.oldest_s, wanted.oldest_s);
  EXPECT_EQ(first.text, wanted.text);
  const Loss& second = read.kept.losses[1];
  EXPECT_EQ(second.link, "");
  EXPECT_FALSE(second.bytes.has_value());
  EXPECT_FALSE(second.oldest_s.has_value());
}

TEST(LossFile, EveryReasonHasAWordOfItsOwn) {
  for (std::size_t i = 0; i < kLossReasons; ++i) {
    const auto reason = static_cast<LossReason>(i);
    EXPECT_EQ(parse_loss_reason(to_string(reason)), reason);
  }
  EXPECT_FALSE(parse_loss_reason("weather").has_value());
}

TEST(LossFile, ADamagedLineIsLeftOutAndCounted) {
  LossBook::Kept kept{.since = WallTime(std::chrono::seconds(5))};
  for (std::uint64_t number = 1; number <= 3; ++number) kept.losses.push_back(sample(number));
  const std::string good = whole_loss_file(kept);
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string text = good;
    text[at] = static_cast<char>(text[at] ^ 1);
    const auto read = parse_loss_file(text);
    ASSERT_GE(read.damaged_lines, 1U) << at;
    ASSERT_GE(read.kept.losses.size(), 1U) << at;
    for (const Loss& loss : read.kept.losses) ASSERT_EQ(loss.bytes, 5'900'000U) << at;
  }
  const auto cut = parse_loss_file(std::string_view(good).substr(0, good.size() - 40));
  EXPECT_EQ(cut.damaged_lines, 1U);
  EXPECT_EQ(cut.kept.losses.size(), 2U);
}

TEST(LossFile, SaysWhetherTheLastProcessEndedInOrder) {
  const std::string head = whole_loss_file({.since = WallTime(std::chrono::seconds(5))});
  EXPECT_EQ(parse_loss_file(head).last_run, LastRun::ended);
  const std::string carrying = head + run_line(LastRun::carrying, WallTime(Duration(9)));
  EXPECT_EQ(parse_loss_file(carrying).last_run, LastRun::carrying);
  EXPECT_EQ(parse_loss_file(carrying).carrying_since, WallTime(Duration(9)));
  const std::string ended = carrying + run_line(LastRun::ended, WallTime(Duration(10)));
  EXPECT_EQ(parse_loss_file(ended).last_run, LastRun::ended);
}

TEST(LossFile, IsAppendedTo) {
  const TempDir folder;
  const std::string path = loss_file_of(folder.path());
  ASSERT_TRUE(append_to_file(path, whole_loss_file({}), 0640));
  ASSERT_TRUE(append_to_file(path, loss_line(sample(1)), 0640));
  const auto read = parse_loss_file(read_text(path));
  EXPECT_EQ(read.damaged_lines, 0U);
  EXPECT_EQ(read.kept.losses.size(), 1U);
  EXPECT_FALSE(append_to_file(folder / "none" / "losses", "x", 0640));
}

}  // namespace
}  // namespace longthrow
