// SPDX-License-Identifier: Apache-2.0
#include "proxy/groups/checkpoint_book.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "proxy/groups/checkpoint_file.h"
#include "tests/support/temp_dir.h"

namespace longthrow {
namespace {

CheckpointRecord record(const std::string& name, std::uint64_t id) {
  return {.group = "vm1",
          .link = "dr",
          .name = name,
          .id = id,
          .created = WallTime(std::chrono::seconds(1'769'860'800)),
          .proof = Proof::freeze,
          .state = CheckpointState::done};
}

TEST(CheckpointBook, ForgetsTheOldestThatIsOver) {
  CheckpointBook book;
  book.add(record("open", 1)).state = CheckpointState::reached;
  for (std::uint64_t id = 2; id < 200; ++id) book.add(record("c", id));
  EXPECT_EQ(book.all().size(), CheckpointBook::kKeptMax);
  EXPECT_EQ(book.all().front().name, "open") << "it is not over";
  EXPECT_EQ(book.all().back().id, 199U);
  CheckpointRecord other = record("of another", 1);
  other.group = "vm2";
  book.add(other);
  EXPECT_EQ(book.all().size(), CheckpointBook::kKeptMax + 1);
}

TEST(CheckpointBook, APeerThatGivesAnIdTwiceLeavesNothingBehind) {
  CheckpointBook book;
  for (int i = 0; i < 1000; ++i) {
    CheckpointRecord open = record("again", 7);
    open.made = Side::peer;
    open.state = CheckpointState::received;
    book.add(open);
  }
  EXPECT_EQ(book.all().size(), 1U);
}

TEST(CheckpointBook, GivesEachAnIdOfItsOwnThoughTheClockGoesBack) {
  CheckpointBook book;
  const WallTime now(std::chrono::seconds(1'769'860'800));
  const std::uint64_t first = book.new_id("vm1", now);
  book.add(record("a", first));
  EXPECT_GT(book.new_id("vm1", now - std::chrono::hours(1)), first);
  EXPECT_NE(book.new_id("vm1", WallTime{}), 0U);
}

TEST(CheckpointBook, WhatAnEarlierProcessLeftOpenHasFailed) {
  CheckpointBook book;
  CheckpointRecord open = record("a", 1);
  open.state = CheckpointState::placed;
  book.restore({open, record("b", 2)}, WallTime(std::chrono::seconds(1'769'860'900)));
  EXPECT_EQ(book.all()[0].state, CheckpointState::failed);
  EXPECT_FALSE(book.all()[0].text.empty());
  EXPECT_EQ(book.all()[1].state, CheckpointState::done);
}

TEST(CheckpointBook, CountsWhatIsOverSinceTheStart) {
  CheckpointBook book;
  CheckpointRecord old = record("old", 1);
  old.ended = old.created;
  book.restore({old}, old.created);
  EXPECT_EQ(book.counts("vm1").done, 0U);
  EXPECT_EQ(book.counts("vm1").last_done, "old");
  CheckpointRecord bad = record("bad", 2);
  bad.state = CheckpointState::failed;
  bad.text = "why";
  book.note_over(bad);
  EXPECT_EQ(book.counts("vm1").failed, 1U);
  EXPECT_EQ(book.counts("vm1").last_failure, "bad: why");
  book.note_over(record("good", 3));
  EXPECT_EQ(book.counts("vm1").done, 1U);
  EXPECT_EQ(book.counts("vm1").last_done, "good");
  EXPECT_EQ(book.counts("vm1").last_failure, "");
  EXPECT_EQ(book.counts("vm2").done, 0U);
}

class CheckpointFileTest : public ::testing::Test {
 protected:
  TempDir temp_;
  const std::string folder_ = temp_.path();
};

TEST_F(CheckpointFileTest, WhatWasSavedIsLoaded) {
  CheckpointRecord all = record("nightly-1", 7);
  all.made = Side::peer;
  all.received = all.created + std::chrono::seconds(1);
  all.reached = all.created + std::chrono::seconds(2);
  all.ended = all.created + std::chrono::seconds(3);
  all.took = std::chrono::milliseconds(1500);
  all.applied = true;
  all.hook = HookResult::timed_out;
  all.text = "it ran for more\nthan it should";
  ASSERT_TRUE(save_checkpoints(folder_, {all, record("b", 8)}));
  const auto loaded = load_checkpoints(folder_);
  ASSERT_EQ(loaded.size(), 2U);
  EXPECT_EQ(loaded[0].name, "nightly-1");
  EXPECT_EQ(loaded[0].id, 7U);
  EXPECT_EQ(loaded[0].made, Side::peer);
  EXPECT_EQ(loaded[0].created, all.created);
  EXPECT_EQ(loaded[0].reached, all.reached);
  EXPECT_EQ(loaded[0].took, all.took);
  EXPECT_EQ(loaded[0].hook, HookResult::timed_out);
  EXPECT_TRUE(loaded[0].applied);
  EXPECT_EQ(loaded[0].text, "it ran for more\\x0athan it should") << "one line each";
  EXPECT_FALSE(loaded[1].received || loaded[1].took);
  EXPECT_EQ(loaded[1].proof, Proof::freeze);
}

TEST_F(CheckpointFileTest, ADamagedFileIsKeptAside) {
  ASSERT_TRUE(save_checkpoints(folder_, {record("a", 1)}));
  const std::string path = folder_ + "/checkpoints";
  std::string text = read_text(path);
  text[20] = static_cast<char>(text[20] ^ 1);
  std::ofstream(path) << text;
  EXPECT_TRUE(load_checkpoints(folder_).empty());
  EXPECT_TRUE(std::filesystem::exists(path + ".damaged"));
  EXPECT_TRUE(load_checkpoints(folder_).empty()) << "there is none any more";
}

}  // namespace
}  // namespace longthrow
