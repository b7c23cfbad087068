// SPDX-License-Identifier: Apache-2.0
#include "proxy/groups/fences.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temp_dir.h"

namespace longthrow {
namespace {

class FencesTest : public ::testing::Test {
 protected:
  std::string the_file() {
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) return entry.path();
    return {};
  }

  TempDir temp_;
  const std::string folder_ = temp_.path();
};

TEST_F(FencesTest, WhatWasSavedIsLoaded) {
  const Fences fences{.links = {"dr", "b"}, .groups = {"vm1"}};
  ASSERT_TRUE(save_fences(folder_, fences));
  const auto loaded = load_fences(folder_);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->links, fences.links);
  EXPECT_EQ(loaded->groups, fences.groups);
}

TEST_F(FencesTest, SinceWhenIsKeptWhereItIsKnown) {
  const Fences fences{.links = {"dr", "b"},
                      .groups = {"vm1"},
                      .links_since_s = {{"dr", 1769860867}},
                      .groups_since_s = {{"vm1", 5}}};
  ASSERT_TRUE(save_fences(folder_, fences));
  const auto loaded = load_fences(folder_);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->links, fences.links);
  EXPECT_EQ(loaded->links_since_s, fences.links_since_s);
  EXPECT_EQ(loaded->groups_since_s, fences.groups_since_s);
}

TEST_F(FencesTest, WhichLinksAreFencedForWantOfARecordIsKept) {
  Fences fences = fence_all({"dr", "b"}, 1769860867);
  fences.unsure_links.erase("b");
  ASSERT_TRUE(save_fences(folder_, fences));
  const auto loaded = load_fences(folder_);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->links, (std::set<std::string>{"b", "dr"}));
  EXPECT_EQ(loaded->links_since_s.at("b"), 1769860867);
  EXPECT_EQ(loaded->unsure_links, (std::set<std::string>{"dr"}));
}

TEST_F(FencesTest, ADamagedFileIsToldFromOneThatCannotBeRead) {
  std::ofstream(fences_file(folder_)) << "garbage\n";
  const auto damaged = load_fences(folder_);
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().code, ErrorCode::damaged_file);
  const auto unreadable = load_fences(fences_file(folder_));
  ASSERT_FALSE(unreadable);
  EXPECT_EQ(unreadable.error().code, ErrorCode::other);
}

TEST_F(FencesTest, AMissingFileIsNoFences) {
  const auto loaded = load_fences(folder_);
  ASSERT_TRUE(loaded);
  EXPECT_TRUE(loaded->links.empty() && loaded->groups.empty());
}

TEST_F(FencesTest, EveryTruncationIsAnError) {
  const Fences fences{.links = {"dr"}, .groups = {"vm1", "vm2"}};
  ASSERT_TRUE(save_fences(folder_, fences));
  const std::string file = the_file();
  std::string text;
  std::getline(std::ifstream(file), text, '\0');
  for (std::size_t size = 0; size + 1 < text.size(); ++size) {  // all but the last newline
    std::ofstream(file, std::ios::trunc) << text.substr(0, size);
    EXPECT_FALSE(load_fences(folder_)) << size;
  }
}

// It could fence another group than the one that was taken over.
TEST_F(FencesTest, EveryTurnedBitIsAnError) {
  ASSERT_TRUE(save_fences(folder_, {.links = {"dr"}, .groups = {"vm1"}}));
  const std::string file = the_file();
  std::string text;
  std::getline(std::ifstream(file), text, '\0');
  for (std::size_t bit = 0; bit < text.size() * 8; ++bit) {
    std::string damaged = text;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    std::ofstream(file, std::ios::trunc) << damaged;
    const auto loaded = load_fences(folder_);
    ASSERT_FALSE(loaded) << bit;
    EXPECT_EQ(loaded.error().code, ErrorCode::damaged_file);
  }
}

TEST_F(FencesTest, AFolderThatCannotBeWrittenIsAnError) {
  std::ofstream(folder_ + "/file") << "x";
  EXPECT_FALSE(save_fences(folder_ + "/file/below", {}));
  EXPECT_FALSE(load_fences(folder_ + "/file/below"));
}

}  // namespace
}  // namespace longthrow
