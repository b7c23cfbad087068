// SPDX-License-Identifier: Apache-2.0
// Checkpoints: what the targets have while a hook runs, and what is said of it.
#include "tests/sim/group_fixture.h"

namespace longthrow::sim {
namespace {
using std::chrono::milliseconds;
using std::chrono::seconds;

class PairCheckpoints : public GroupFixture {
 protected:
  PairCheckpoints() {
    options.hooks = true;
    options.makes_state_dirs = true;
  }
  void begin() {
    start();
    HookPlan& hooks = cluster->hook_plan();
    hooks.takes_max = seconds(3);
    hooks.on_begin = [this](int, const HookRun& run) {
      runs.push_back(run);
      at_begin = received();
      moment_at_begin = no_moment();
    };
    hooks.on_end = [this](int, const HookRun&) {
      ++ended;
      at_end = received();
    };
  }
  std::vector<std::uint64_t> received() {
    std::vector<std::uint64_t> bytes;
    for (const TargetApp& target : targets) bytes.push_back(target.received_bytes());
    return bytes;
  }
  std::vector<std::uint64_t> given() {
    std::vector<std::uint64_t> bytes;
    for (const SourceApp& app : sources) bytes.push_back(app.acknowledged_bytes());
    return bytes;
  }
  std::shared_ptr<std::vector<Answer>> make(const std::string& name, bool frozen = false) {
    return command(
        0, MakeCheckpoint{
               .group = "g", .name = name, .frozen = frozen, .wait = true, .timeout = seconds(10)});
  }
  Answer made(const std::string& name, bool frozen = false) {
    const auto answers = make(name, frozen);
    EXPECT_TRUE(wait([&] { return answered(*answers); }));
    return answers->back();
  }
  CheckpointRecord last(int side) {
    const auto answers = command(side, ListCheckpoints{});
    const auto& list = answers->back().checkpoints->checkpoints;
    return list.empty() ? CheckpointRecord{} : list.back();
  }

  std::vector<HookRun> runs;
  int ended = 0;
  std::vector<std::uint64_t> at_begin;
  std::vector<std::uint64_t> at_end;
  std::string moment_at_begin;
};

TEST_F(PairCheckpoints, TheCopyStandsAtOneMomentWhileTheHookRuns) {
  begin();
  write_both();
  run(seconds(3));
  for (int i = 0; i < 10; ++i) {
    const auto before = given();
    const Answer answer = made(format("c{}", i));
    ASSERT_TRUE(answer.ok) << answer.message;
    ASSERT_EQ(runs.size(), static_cast<std::size_t>(i) + 1);
    EXPECT_EQ(runs.back().proof, Proof::source);
    EXPECT_EQ(moment_at_begin, "");
    EXPECT_EQ(at_end, at_begin);
    for (const std::size_t stream : {0, 1}) EXPECT_GE(at_begin[stream], before[stream]);
    run(milliseconds(731));
    EXPECT_GT(received(), at_end) << "the copy goes on";
  }
  EXPECT_EQ(last(0).state, CheckpointState::done);
  EXPECT_EQ(last(0).hook, HookResult::ok);
  EXPECT_TRUE(last(0).took.has_value());
  EXPECT_EQ(last(1).state, CheckpointState::done);
  EXPECT_EQ(last(1).made, Side::peer);
}

// A group of one stream is cut for its checkpoint, and not before or after.
TEST_F(PairCheckpoints, OneStreamStandsToo) {
  options.routes = {{.name = "r0", .group = "g"}};
  begin();
  write(0, {.bytes = kGiB, .rate_bytes_s = 700 * kKiB, .write_bytes_max = 3000});
  run(seconds(3));
  EXPECT_EQ(group(0).epoch, 0U);
  const auto before = given();
  const Answer answer = made("one");
  ASSERT_TRUE(answer.ok) << answer.message;
  EXPECT_EQ(at_end, at_begin);
  EXPECT_GE(at_begin[0], before[0]);
  run(seconds(2));
  const std::uint64_t epoch = group(0).epoch;
  EXPECT_GT(epoch, 0U);
  run(seconds(3));
  EXPECT_EQ(group(0).epoch, epoch);
  EXPECT_EQ(group(0).lag.bytes < 500 * kKiB, true) << group(0).lag.bytes;
}

// The hook waits for a target that is slow to take what lies before the checkpoint.
TEST_F(PairCheckpoints, TheHookComesWhenTheTargetsHaveTakenAll) {
  begin();
  write_both();
  run(seconds(2));
  targets.back().stall(world.now() + seconds(8));
  run(seconds(6));
  const auto before = given();
  const Answer answer = made("slow");
  ASSERT_TRUE(answer.ok) << answer.message;
  for (const std::size_t stream : {0, 1}) EXPECT_GE(at_begin[stream], before[stream]);
  EXPECT_EQ(moment_at_begin, "");
}

TEST_F(PairCheckpoints, SourcesThatStandAreProvenByThat) {
  begin();
  for (const std::size_t route : {0, 1})
    write(route, {.bytes = 300'000 + route, .rate_bytes_s = 1 * kMiB, .write_bytes_max = 5000});
  run(seconds(5));
  const Answer answer = made("frozen", true);
  ASSERT_TRUE(answer.ok) << answer.message;
  EXPECT_EQ(runs.back().proof, Proof::freeze);
  EXPECT_EQ(at_begin, (std::vector<std::uint64_t>{300'000, 300'001}));
  EXPECT_EQ(group(0).cuts.freeze, 1U);
}

// One of them writes a little ten times a second: it does not stand.
TEST_F(PairCheckpoints, SourcesThatWriteDoNotStand) {
  begin();
  write(0, {.bytes = kGiB, .rate_bytes_s = 2000, .write_bytes_max = 200});
  write(1, {.bytes = 100'000, .rate_bytes_s = 1 * kMiB, .write_bytes_max = 5000});
  run(seconds(5));
  const Answer answer = made("not-frozen", true);
  EXPECT_FALSE(answer.ok);
  EXPECT_NE(answer.message.find("no place for it was found in time"), std::string::npos)
      << answer.message;
  EXPECT_TRUE(runs.empty());
  EXPECT_EQ(last(0).state, CheckpointState::failed);
}

TEST_F(PairCheckpoints, OfSourcesElsewhereItIsOnlyObserved) {
  options.sources = SimSources::Reach::elsewhere;
  begin();
  write(0, {.bytes = kGiB, .rate_bytes_s = 2000, .write_bytes_max = 200});
  write(1, {.bytes = 100'000, .rate_bytes_s = 1 * kMiB, .write_bytes_max = 5000});
  run(seconds(5));
  const Answer answer = made("observed");
  ASSERT_TRUE(answer.ok) << answer.message;
  EXPECT_EQ(runs.back().proof, Proof::observed);
}

TEST_F(PairCheckpoints, AHookThatFailsFailsIt) {
  begin();
  cluster->hook_plan().fails = 1;
  write_both();
  run(seconds(2));
  const Answer answer = made("bad");
  EXPECT_FALSE(answer.ok);
  EXPECT_NE(answer.message.find("on_checkpoint"), std::string::npos) << answer.message;
  EXPECT_EQ(last(0).hook, HookResult::failed);
  run(seconds(2));
  EXPECT_GT(received(), at_end);
}

TEST_F(PairCheckpoints, AHookThatNeverEndsIsKilled) {
  options.hook_timeout = milliseconds(500);
  begin();
  cluster->hook_plan().takes_max = seconds(500);
  write_both();
  run(seconds(2));
  bool timed_out = false;
  for (int i = 0; i < 10 && !timed_out; ++i) {
    const Answer answer = made(format("c{}", i));
    timed_out = last(0).hook == HookResult::timed_out;
    EXPECT_EQ(answer.ok, !timed_out) << answer.message;
  }
  EXPECT_TRUE(timed_out);
  run(seconds(2));
  EXPECT_GT(received(), at_end);
}

// The site is lost while the hook runs: what is whole behind the checkpoint belongs to the copy.
TEST_F(PairCheckpoints, ATakeoverHandsOverWhatWasStopped) {
  begin();
  cluster->hook_plan().takes_max = seconds(500);
  options.hook_timeout = seconds(60);
  write_both();
  run(seconds(2));
  (void)make("lost");
  ASSERT_TRUE(wait([&] { return !runs.empty(); }));
  const auto stood = received();
  for (int i = 0; i < 20 && ended == 0; ++i) run(milliseconds(100));
  kill(0);
  const auto taken = command(1, Takeover{.name = "g", .force = true});
  ASSERT_TRUE(wait([&] { return answered(*taken); }));
  EXPECT_EQ(ended, 1) << "the hook is killed";
  EXPECT_GT(received(), stood);
  EXPECT_EQ(no_moment(), "");
  EXPECT_TRUE(taken->back().consistent.value_or(false)) << taken->back().message;
}

TEST_F(PairCheckpoints, ACutOfTheLinkOnlyDelaysTheNews) {
  begin();
  write_both();
  run(seconds(2));
  const auto answers = make("cut");
  ASSERT_TRUE(wait([&] { return !runs.empty(); }));
  cut(seconds(15));
  run(seconds(10));
  EXPECT_FALSE(answered(*answers));
  EXPECT_EQ(last(1).state, CheckpointState::done);
  ASSERT_TRUE(wait([&] { return answered(*answers); }));
  EXPECT_TRUE(answers->back().ok) << answers->back().message;
}

TEST_F(PairCheckpoints, WhatAnEndedSessionLeavesOpenIsSaid) {
  begin();
  write_both();
  run(seconds(2));
  const auto answers = make("gone");
  ASSERT_TRUE(wait([&] { return !runs.empty(); }));
  kill(1);
  cluster->start(1);
  ASSERT_TRUE(wait([&] { return answered(*answers); }));
  EXPECT_FALSE(answers->back().ok);
  EXPECT_NE(answers->back().message.find("only the peer knows"), std::string::npos)
      << answers->back().message;
  EXPECT_EQ(last(1).state, CheckpointState::failed) << "its process ended";
  EXPECT_EQ(last(1).name, "gone");
}

TEST_F(PairCheckpoints, OneComesAfterTheOther) {
  begin();
  write_both();
  run(seconds(2));
  const auto first = make("first");
  const Answer second = made("second");
  EXPECT_FALSE(second.ok);
  ASSERT_TRUE(wait([&] { return answered(*first); }));
  EXPECT_TRUE(first->back().ok);
  EXPECT_FALSE(made("first").ok) << "the name is taken";
  EXPECT_TRUE(made("third").ok);
  EXPECT_FALSE(made("-rf").ok);
}

TEST_F(PairCheckpoints, TheSiteOfTheCopyMakesNone) {
  begin();
  const Answer early = made("early");
  EXPECT_NE(early.message.find("nothing was written"), std::string::npos) << early.message;
  write_both();
  run(seconds(2));
  const auto answers = command(1, MakeCheckpoint{.group = "g", .name = "back"});
  ASSERT_TRUE(wait([&] { return answered(*answers); }));
  EXPECT_FALSE(answers->back().ok);
  EXPECT_NE(answers->back().message.find("writes here"), std::string::npos);
}

TEST_F(PairCheckpoints, AScheduleMakesThemWhereTheProgramsWrite) {
  options.checkpoint_every = seconds(20);
  begin();
  write_both();
  run(seconds(90));
  EXPECT_GE(runs.size(), 4U);
  EXPECT_LE(runs.size(), 5U);
  for (const HookRun& run : runs) EXPECT_TRUE(run.checkpoint.ends_with("0Z")) << run.checkpoint;
  const auto list = command(1, ListCheckpoints{})->back().checkpoints->checkpoints;
  for (const CheckpointRecord& record : list) EXPECT_EQ(record.made, Side::peer);
}

}  // namespace
}  // namespace longthrow::sim
