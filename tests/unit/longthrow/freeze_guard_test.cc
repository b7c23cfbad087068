// SPDX-License-Identifier: Apache-2.0
// Whoever is killed, and whatever fails: what was frozen is thawed.
#include "tools/longthrow/freeze_guard.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <thread>

#include "tests/support/temp_dir.h"

namespace longthrow::cli {
namespace {
using std::chrono::milliseconds;

// "frozen" is a file while it is frozen.
class FreezeGuardTest : public ::testing::Test {
 protected:
  FreezeGuard::Commands commands(const std::string& after = "",
                                 milliseconds timeout = milliseconds(20'000)) {
    const std::string file = (folder_ / "frozen").string();
    return {.freeze = "touch " + file + after,
            .thaw = "rm -f " + file + "; echo >> " + (folder_ / "thaws").string(),
            .timeout = timeout};
  }
  [[nodiscard]] bool frozen() const { return std::filesystem::exists(folder_ / "frozen"); }
  [[nodiscard]] std::size_t thaws() const {
    return std::filesystem::exists(folder_ / "thaws") ? read_text(folder_ / "thaws").size() : 0;
  }
  // Until it is thawed.
  void wait_for_thaw() const {
    for (int i = 0; i < 1000 && (frozen() || thaws() == 0); ++i)
      std::this_thread::sleep_for(milliseconds(10));
    EXPECT_FALSE(frozen());
    EXPECT_EQ(thaws(), 1U);
  }
  // The children of process `pid`.
  static std::vector<pid_t> children_of(pid_t pid) {
    std::vector<pid_t> children;
    std::ifstream list("/proc/" + std::to_string(pid) + "/task/" + std::to_string(pid) +
                       "/children");
    for (pid_t child = 0; list >> child;) children.push_back(child);
    return children;
  }

  TempDir folder_;
};

TEST_F(FreezeGuardTest, ThawsWhenItIsTold) {
  auto guard = FreezeGuard::freeze(commands());
  ASSERT_TRUE(guard.has_value());
  EXPECT_TRUE(frozen());
  EXPECT_FALSE(guard->over());
  EXPECT_TRUE(guard->thaw().has_value());
  EXPECT_FALSE(frozen());
  EXPECT_EQ(thaws(), 1U);
}

TEST_F(FreezeGuardTest, ThawsWhenItIsForgotten) {
  {
    auto guard = FreezeGuard::freeze(commands());
  }
  EXPECT_FALSE(frozen());
  EXPECT_EQ(thaws(), 1U);
}

TEST_F(FreezeGuardTest, AFreezeThatFailsIsThawed) {
  const auto guard = FreezeGuard::freeze(commands("; exit 4"));
  ASSERT_FALSE(guard.has_value());
  EXPECT_EQ(guard.error().message, "the freeze command ended with exit code 4");
  EXPECT_FALSE(frozen());
  EXPECT_EQ(thaws(), 1U);
}

TEST_F(FreezeGuardTest, AFreezeThatHangsIsKilledAndThawed) {
  const auto guard = FreezeGuard::freeze(commands("; sleep 600", milliseconds(300)));
  ASSERT_FALSE(guard.has_value());
  EXPECT_EQ(guard.error().message, "the freeze command did not end in time");
  EXPECT_FALSE(frozen());
}

TEST_F(FreezeGuardTest, ThawsWhenTheTimeIsOver) {
  auto guard = FreezeGuard::freeze(commands("", milliseconds(300)));
  ASSERT_TRUE(guard.has_value());
  wait_for_thaw();
  for (int i = 0; i < 1000 && !guard->over(); ++i) std::this_thread::sleep_for(milliseconds(10));
  EXPECT_TRUE(guard->over());
  EXPECT_FALSE(guard->thaw().has_value()) << "it says that it was too early";
  EXPECT_EQ(thaws(), 1U);
}

TEST_F(FreezeGuardTest, AThawThatFailsIsSaid) {
  auto guard =
      FreezeGuard::freeze({.freeze = "true", .thaw = "exit 9", .timeout = milliseconds(20'000)});
  ASSERT_TRUE(guard.has_value());
  const auto thawed = guard->thaw();
  ASSERT_FALSE(thawed.has_value());
  EXPECT_NE(thawed.error().message.find("exit code 9: exit 9"), std::string::npos);
}

TEST_F(FreezeGuardTest, ThawsWhenItsGuardianIsKilled) {
  auto guard = FreezeGuard::freeze(commands());
  ASSERT_TRUE(guard.has_value());
  const auto children = children_of(::getpid());
  ASSERT_EQ(children.size(), 1U);
  ::kill(children.front(), SIGKILL);
  EXPECT_FALSE(guard->thaw().has_value()) << "it says that the guardian was killed";
  EXPECT_FALSE(frozen());
  EXPECT_EQ(thaws(), 1U);
}

// The guardian outlives the process that has frozen, also when that is killed while the freeze
// command runs.
TEST_F(FreezeGuardTest, ThawsWhenTheOneWhoAskedIsKilled) {
  for (const std::string after : {"", "; sleep 600"}) {
    std::filesystem::remove(folder_ / "thaws");
    const pid_t pid = ::fork();
    if (pid == 0) {
      auto guard = FreezeGuard::freeze(commands(after));
      std::this_thread::sleep_for(std::chrono::minutes(10));
      ::_exit(0);
    }
    for (int i = 0; i < 1000 && !frozen(); ++i) std::this_thread::sleep_for(milliseconds(10));
    ASSERT_TRUE(frozen());
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    wait_for_thaw();
  }
}

// What the freeze command has started cannot freeze later.
TEST_F(FreezeGuardTest, AFreezeWhoseGuardianIsKilledCannotFreezeLater) {
  const std::string late = (folder_ / "late").string();
  FreezeGuard::Commands slow{
      .freeze = "touch " + (folder_ / "begun").string() + "; (sleep 1; touch " + late + ")",
      .thaw = "true",
      .timeout = milliseconds(20'000)};
  std::thread killer([this] {
    for (int i = 0; i < 1000 && !std::filesystem::exists(folder_ / "begun"); ++i)
      std::this_thread::sleep_for(milliseconds(10));
    for (const pid_t child : children_of(::getpid())) ::kill(child, SIGKILL);
  });
  EXPECT_FALSE(FreezeGuard::freeze(slow).has_value());
  killer.join();
  std::this_thread::sleep_for(milliseconds(1500));
  EXPECT_FALSE(std::filesystem::exists(late));
}

}  // namespace
}  // namespace longthrow::cli
