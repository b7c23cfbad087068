// SPDX-License-Identifier: Apache-2.0
#include "proxy/groups/copies_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temp_dir.h"

namespace longthrow {
namespace {

class CopiesFileTest : public ::testing::Test {
 protected:
  TempDir temp_;
  const std::string folder_ = temp_.path();
};

TEST_F(CopiesFileTest, WhatWasSavedIsLoaded) {
  const SavedCopies copies{{"vm1", {.as_of_ns = 1'769'860'867'250'000'000, .streams = 2}},
                           {"wal", {.as_of_ns = 5, .streams = 1}}};
  ASSERT_TRUE(save_copies(folder_, copies));
  EXPECT_EQ(load_copies(folder_), copies);
  ASSERT_TRUE(save_copies(folder_, {}));
  EXPECT_TRUE(load_copies(folder_).empty());
}

TEST_F(CopiesFileTest, AMissingFileIsNoCopies) { EXPECT_TRUE(load_copies(folder_).empty()); }

TEST_F(CopiesFileTest, ADamagedFileIsKeptAside) {
  for (const std::string text :
       {"", "copy 5 1 vm1\n", "copy five 1 vm1\nend\n", "fence x\nend\n"}) {
    std::ofstream(folder_ + "/copies") << text;
    EXPECT_TRUE(load_copies(folder_).empty()) << text;
    EXPECT_FALSE(std::filesystem::exists(folder_ + "/copies"));
    EXPECT_TRUE(std::filesystem::exists(folder_ + "/copies.damaged"));
  }
}

// A copy must not look younger than it is.
TEST_F(CopiesFileTest, EveryTurnedBitAndEveryTruncationIsDamage) {
  ASSERT_TRUE(save_copies(folder_, {{"vm1", {.as_of_ns = 1'769'860'867'250'000'000}}}));
  const std::string path = folder_ + "/copies";
  std::string text;
  std::getline(std::ifstream(path), text, '\0');
  const auto load = [&](const std::string& damaged) {
    std::ofstream(path, std::ios::trunc) << damaged;
    return load_copies(folder_);
  };
  ASSERT_FALSE(load(text).empty());
  for (std::size_t bit = 0; bit < text.size() * 8; ++bit) {
    std::string damaged = text;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_TRUE(load(damaged).empty()) << bit;
  }
  for (std::size_t size = 0; size < text.size(); ++size)
    EXPECT_TRUE(load(text.substr(0, size)).empty()) << size;
}

TEST_F(CopiesFileTest, AFolderThatIsNotThereIsSaid) {
  EXPECT_FALSE(save_copies(folder_ + "/none", {{"vm1", {.as_of_ns = 5}}}));
}

}  // namespace
}  // namespace longthrow
