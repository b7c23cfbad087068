// SPDX-License-Identifier: Apache-2.0
// The files of a trace on a real disk.
#include "proxy/control/trace_files.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <vector>

#include "proxy/trace/block.h"
#include "proxy/trace/timeline.h"
#include "tests/support/temp_dir.h"

namespace longthrow::test {
namespace {

namespace fs = std::filesystem;
using control::TraceFiles;

constexpr TraceFiles::Bounds kThreeMinutes{180, 1 << 20, 3};
constexpr TraceFiles::Bounds kTenMinutes{600, 1 << 20, 2};

class TraceFilesTest : public ::testing::Test {
 protected:
  TraceFilesTest() { EXPECT_TRUE(files_.open(folder_)); }

  // The next minute of a link, of which each second has one byte.
  std::string minute() {
    trace::Block block{.name = "dr"};
    for (std::uint64_t i = 0; i < 60; ++i, ++tick_) {
      trace::Row row{.run = 1, .tick = tick_, .wall = static_cast<std::int64_t>(1000 + tick_)};
      row[trace::Column::raw_in] = 1;
      block.rows.push_back(row);
    }
    return encode_block(block);
  }
  void append(int minutes) {
    for (int i = 0; i < minutes; ++i) ASSERT_TRUE(files_.append(minute()));
  }
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_))
      names.push_back(entry.path().filename().string());
    std::ranges::sort(names);
    return names;
  }
  [[nodiscard]] trace::TraceBook book() const {
    trace::TraceBook book([](const trace::Block&) { return true; });
    for (const std::string& name : names()) book.add(read_text(fs::path(folder_) / name));
    book.finish();
    return book;
  }
  // Seconds that are known, of which each has one byte.
  [[nodiscard]] std::uint64_t known() const {
    const trace::TraceBook all = book();
    const trace::Timeline& link = all.links().at("dr");
    std::uint64_t bytes = 0;
    for (const trace::Row& row : link.rows) bytes += row[trace::Column::raw_in];
    EXPECT_EQ(bytes, link.seconds());
    return bytes;
  }

  TempDir temp_;
  std::string folder_ = temp_ / "trace";
  TraceFiles files_{kThreeMinutes, kTenMinutes};
  std::uint64_t tick_ = 0;
};

TEST_F(TraceFilesTest, TheOldestSecondsBecomeMinutesAndTheOldestMinutesGo) {
  append(9);
  EXPECT_EQ(names(),
            (std::vector<std::string>{"seconds-00000001", "seconds-00000002", "seconds-00000003"}));
  append(1);
  EXPECT_EQ(names(), (std::vector<std::string>{"minutes-00000001", "seconds-00000002",
                                               "seconds-00000003", "seconds-00000004"}));
  EXPECT_EQ(known(), 600U);
  append(90);
  EXPECT_EQ(std::ranges::count_if(names(), [](auto& name) { return name.starts_with("m"); }), 2);
  EXPECT_LE(names().size(), 5U);
  EXPECT_GE(known(), 600U + 360U);
  EXPECT_LE(known(), 3 * 600U + 540U);
}

TEST_F(TraceFilesTest, ARestartGoesOnInTheSameFile) {
  for (int i = 0; i < 8; ++i) {
    append(1);
    TraceFiles again{kThreeMinutes, kTenMinutes};
    ASSERT_TRUE(again.open(folder_));
    files_ = again;
  }
  EXPECT_EQ(names().size(), 3U);
  EXPECT_EQ(known(), 480U);
}

TEST_F(TraceFilesTest, ATornWriteCostsItsBlockAlone) {
  append(2);
  const fs::path file = fs::path(folder_) / "seconds-00000001";
  fs::resize_file(file, fs::file_size(file) - 5);
  TraceFiles again{kThreeMinutes, kTenMinutes};
  ASSERT_TRUE(again.open(folder_));
  files_ = again;
  append(10);
  EXPECT_EQ(known(), 60U + 600U);
}

TEST_F(TraceFilesTest, ACrashBetweenMinutesAndRemovalCountsNothingTwice) {
  append(9);
  fs::copy_file(fs::path(folder_) / "seconds-00000001", temp_ / "kept");
  append(1);
  fs::copy_file(temp_ / "kept", fs::path(folder_) / "seconds-00000001");
  EXPECT_EQ(known(), 600U);
  TraceFiles again{kThreeMinutes, kTenMinutes};
  ASSERT_TRUE(again.open(folder_));
  files_ = again;
  append(1);
  EXPECT_EQ(known(), 660U);
  EXPECT_FALSE(fs::exists(fs::path(folder_) / "seconds-00000001"));
}

TEST_F(TraceFilesTest, ForeignFilesAreLeftAlone) {
  std::ofstream(fs::path(folder_) / "seconds-x") << "mine";
  std::ofstream(fs::path(folder_) / "seconds-99999999999999999999") << "mine";
  TraceFiles again{kThreeMinutes, kTenMinutes};
  ASSERT_TRUE(again.open(folder_));
  ASSERT_TRUE(again.append(minute()));
  EXPECT_TRUE(fs::exists(fs::path(folder_) / "seconds-00000001"));
}

TEST_F(TraceFilesTest, AFolderThatCannotBeMadeIsTriedAgain) {
  const std::string folder = temp_ / "file/trace";
  std::ofstream(temp_ / "file") << "in the way";
  TraceFiles files;
  EXPECT_FALSE(files.open(folder));
  EXPECT_FALSE(files.append(minute()));
  fs::remove(temp_ / "file");
  EXPECT_TRUE(files.append(minute()));
  EXPECT_TRUE(fs::exists(fs::path(folder) / "seconds-00000001"));
}

}  // namespace
}  // namespace longthrow::test
