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

TEST_F(CopiesFileTest, AFolderThatIsNotThereIsSaid) {
  EXPECT_FALSE(save_copies(folder_ + "/none", {{"vm1", {.as_of_ns = 5}}}));
}

}  // namespace
}  // namespace longthrow
