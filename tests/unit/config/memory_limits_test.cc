// SPDX-License-Identifier: Apache-2.0
#include "proxy/config/memory_limits.h"

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace longthrow {
namespace {

Config two_links(std::uint64_t memlimit) {
  Config config;
  config.links["a"].memlimit = memlimit;
  config.links["b"].memlimit = memlimit;
  return config;
}

TEST(CheckMemory, CountsTheOverheadOfEachLink) {
  const MemoryLimits exact{.ram_bytes = 100 * kGiB, .cgroup_bytes = 2 * (kGiB + 64 * kMiB)};
  EXPECT_TRUE(check_memory(two_links(kGiB), exact).has_value());
  const MemoryLimits less{.ram_bytes = 100 * kGiB, .cgroup_bytes = 2 * (kGiB + 64 * kMiB) - 1};
  EXPECT_FALSE(check_memory(two_links(kGiB), less).has_value());
}
TEST(CheckMemory, LeavesAFifthOfTheRam) {
  EXPECT_TRUE(check_memory(two_links(kGiB), {.ram_bytes = 3 * kGiB}).has_value());
  const auto result = check_memory(two_links(kGiB), {.ram_bytes = 2600 * kMiB});
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().message,
            "the memlimits of 2 links, plus 64 MiB each, are 2176 MiB, but 80 % of this machine's "
            "RAM are "
            "2080 MiB; lower memlimit, or set overcommit = true in [node]");
}
TEST(CheckMemory, OvercommitIsTheAdminsWord) {
  Config config = two_links(kGiB);
  config.node.overcommit = true;
  EXPECT_TRUE(check_memory(config, {.ram_bytes = kMiB}).has_value());
}

class ReadMemoryLimits : public ::testing::Test {
 protected:
  void group(const std::string& text) { root_.write("proc/self/cgroup", text); }
  void limit(const std::string& file, const std::string& text) {
    root_.write("sys/fs/cgroup/" + file, text);
  }
  std::optional<std::uint64_t> bytes() { return read_memory_limits(root_.path()).cgroup_bytes; }
  TempDir root_;
};

TEST_F(ReadMemoryLimits, RamIsMemTotal) {
  root_.write("proc/meminfo", "MemTotal:        8000 kB\nMemFree: 1 kB\n");
  EXPECT_EQ(read_memory_limits(root_.path()).ram_bytes, 8000 * kKiB);
}
TEST_F(ReadMemoryLimits, TightestParentCounts) {
  group("0::/system.slice/longthrowd.service\n");
  limit("system.slice/longthrowd.service/memory.max", "max\n");
  limit("system.slice/memory.max", "1000000\n");
  limit("memory.max", "2000000\n");
  EXPECT_EQ(bytes(), 1'000'000U);
  EXPECT_TRUE(read_memory_limits(root_.path()).cgroup_file.ends_with("system.slice/memory.max"));
}
TEST_F(ReadMemoryLimits, ContainerSeesItsGroupAtTheRoot) {
  group("0::/not/mounted/here\n");
  limit("memory.max", "5000\n");
  EXPECT_EQ(bytes(), 5000U);
}
TEST_F(ReadMemoryLimits, PathOutsideTheNamespaceEndsAtTheRoot) {
  group("0::/../other\n");
  limit("memory.max", "5000\n");
  EXPECT_EQ(bytes(), 5000U);
}
TEST_F(ReadMemoryLimits, VersionOne) {
  group("5:cpu,cpuacct:/x\n4:memory:/a\n");
  limit("memory/a/memory.limit_in_bytes", "7000\n");
  limit("memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(bytes(), 7000U);
}
TEST_F(ReadMemoryLimits, NoFilesAreNoLimit) {
  EXPECT_FALSE(bytes().has_value());
  EXPECT_EQ(read_memory_limits(root_.path()).ram_bytes, 0U);
}
TEST(ReadMemoryLimitsHere, MachineHasRam) { EXPECT_GT(read_memory_limits().ram_bytes, 64 * kMiB); }

}  // namespace
}  // namespace longthrow
