// SPDX-License-Identifier: Apache-2.0
#include "proxy/base/program_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temp_dir.h"

namespace longthrow {
namespace {

namespace fs = std::filesystem;

class ProgramFileTest : public ::testing::Test {
 protected:
  ProgramFileTest() {
    write(path(), "version 1");
    fs::create_hard_link(path(), running());  // as /proc/self/exe: it stays when `path` goes
  }
  [[nodiscard]] std::string path() const { return (folder_.path() / "longthrowd").string(); }
  [[nodiscard]] std::string running() const { return (folder_.path() / "exe").string(); }
  static void write(const std::string& path, const std::string& text) {
    std::ofstream(path) << text;
  }
  // As a package manager does it: beside, then renamed over.
  void upgrade(const std::string& text) {
    write(path() + ".new", text);
    fs::rename(path() + ".new", path());
  }

  TempDir folder_;
  ProgramFile program_{running(), path()};
};

TEST_F(ProgramFileTest, UntouchedIsNotReplaced) { EXPECT_EQ(program_.replaced(), ""); }

TEST_F(ProgramFileTest, AnotherFileOfOtherContentIsNamed) {
  upgrade("version 2");
  EXPECT_EQ(program_.replaced(), path() + " was replaced by another program since the start");
  EXPECT_EQ(program_.replaced(), path() + " was replaced by another program since the start");
}

TEST_F(ProgramFileTest, AnotherFileOfTheSameContentIsNotReplaced) {
  upgrade("version 1");
  EXPECT_EQ(program_.replaced(), "");
}

TEST_F(ProgramFileTest, GoingBackToTheOldVersionEndsIt) {
  upgrade("version 2");
  EXPECT_NE(program_.replaced(), "");
  upgrade("version 1");
  EXPECT_EQ(program_.replaced(), "");
}

TEST_F(ProgramFileTest, RemovedIsSaid) {
  fs::remove(path());
  EXPECT_EQ(program_.replaced(), path() + " is not on the disk any more");
}

TEST(ProgramFileOfThisProcess, RunsWhatIsOnTheDisk) {
  EXPECT_EQ(ProgramFile::of_this_process().replaced(), "");
}

}  // namespace
}  // namespace longthrow
