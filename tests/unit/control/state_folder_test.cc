// SPDX-License-Identifier: Apache-2.0
#include "proxy/base/state_folder.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "tests/support/temp_dir.h"

namespace longthrow::test {
namespace {

class Folder : public ::testing::Test {
 protected:
  [[nodiscard]] std::string path() const { return directory_ / "state"; }
  TempDir directory_;
};

TEST_F(Folder, OneDaemonAtATimeHasIt) {
  {
    const auto first = StateFolder::open(path(), "alpha");
    ASSERT_TRUE(first.has_value()) << first.error().message;
    const auto second = StateFolder::open(path(), "beta");
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().code, ErrorCode::in_use);
    EXPECT_NE(second.error().message.find(std::to_string(getpid())), std::string::npos)
        << second.error().message;
  }
  EXPECT_TRUE(StateFolder::open(path(), "alpha").has_value());
}

TEST_F(Folder, AFolderThatHasLostItsContentIsNoticed) {
  EXPECT_EQ(StateFolder::open(path(), "alpha")->found(), StateFolder::Found::new_here);
  EXPECT_EQ(StateFolder::open(path(), "alpha")->found(), StateFolder::Found::known);
  std::filesystem::remove_all(path());
  EXPECT_EQ(StateFolder::open(path(), "alpha")->found(), StateFolder::Found::new_here);
}

TEST_F(Folder, AnotherNodesFolderIsNoticed) {
  ASSERT_TRUE(StateFolder::open(path(), "alpha").has_value());
  const auto other = StateFolder::open(path(), "beta");
  ASSERT_TRUE(other.has_value());
  EXPECT_EQ(other->found(), StateFolder::Found::foreign);
  EXPECT_EQ(other->owner(), "alpha");
}

TEST_F(Folder, WhatCannotBeWrittenIsSaid) {
  EXPECT_TRUE(StateFolder::check(path() + "/deeper").has_value());
  EXPECT_FALSE(std::filesystem::exists(path()));
  std::ofstream(path()) << "a file";
  EXPECT_FALSE(StateFolder::check(path()).has_value());
  EXPECT_FALSE(StateFolder::open(path(), "alpha").has_value());
}

TEST_F(Folder, ADamagedFileIsKept) {
  std::filesystem::create_directories(path());
  std::ofstream(path() + "/x") << "text";
  const auto aside = set_aside(path() + "/x");
  ASSERT_TRUE(aside.has_value());
  EXPECT_FALSE(std::filesystem::exists(path() + "/x"));
  EXPECT_TRUE(std::filesystem::exists(*aside));
}

}  // namespace
}  // namespace longthrow::test
