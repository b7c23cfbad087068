// SPDX-License-Identifier: Apache-2.0
// The virtual programs and their judge, with a small relay between them that works or does not.
#include "tests/sim/application.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <list>
#include <optional>

#include "tests/sim/faults.h"
#include "tests/sim/splice.h"

namespace longthrow::sim {
namespace {
using std::chrono::milliseconds;
using std::chrono::seconds;

std::string join(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += line + "\n";
  return text;
}

struct Scene {
  explicit Scene(std::uint64_t seed, SpliceBug bug = SpliceBug::none,
                 TargetOptions target_options = {})
      : world(seed) {
    target_options.host = right;
    target_options.port = 5432;
    target.emplace(network, ledger, target_options);
    start(bug);
  }
  void start(SpliceBug bug) {
    loop.emplace(network, middle, "splice" + std::to_string(++starts));
    splice.emplace(*loop, network.endpoint(middle, 7000), target->endpoint(), bug);
  }
  void die(Death death) {
    loop->kill(death);
    splice.reset();
  }
  ~Scene() {
    if (loop->alive()) die(Death::process);
  }
  SourceApp& source(SourceOptions options) {
    options.host = left;
    options.target = network.endpoint(middle, 7000);
    options.first_number = 1 + 1000 * static_cast<std::uint32_t>(sources.size());
    return sources.emplace_back(network, ledger, options);
  }
  bool run_until_done(Duration limit = seconds(300)) {
    return world.run_until(
        [&] {
          return std::ranges::all_of(sources,
                                     [](const SourceApp& app) { return app.finished(); }) &&
                 target->open_connections() == 0;
        },
        world.now() + limit);
  }

  SimWorld world;
  SimNetwork network{world, {}};
  HostId left = network.add_host("left", "10.0.0.1");
  HostId middle = network.add_host("middle", "10.0.0.2");
  HostId right = network.add_host("right", "10.0.0.3");
  Ledger ledger;
  std::optional<TargetApp> target;
  std::optional<SimLoop> loop;
  std::optional<Splice> splice;
  std::list<SourceApp> sources;
  int starts = 0;
};

TEST(Application, OrderlyStreamsArriveWholeThroughAFaithfulRelay) {
  Scene scene(1);
  for (const bool compressible : {true, false}) {
    scene.source({.streams_max = 3, .bytes = 2 * kMiB, .compressible = compressible});
  }
  scene.source({.streams_max = 2, .bytes = 300'000, .rate_bytes_s = 100'000, .pause_ratio = 0.1});
  ASSERT_TRUE(scene.run_until_done());
  EXPECT_EQ(join(scene.ledger.check_fidelity()), "");
  EXPECT_EQ(join(scene.ledger.check_settled()), "");
  EXPECT_EQ(join(scene.ledger.check_complete(SimWorld::start())), "");
  EXPECT_EQ(scene.ledger.channels().size(), 8U);
  EXPECT_GT(scene.ledger.bytes_delivered(), 12.6e6);
}

TEST(Application, EmptyAndTinyStreamsAreMatched) {
  Scene scene(2);
  for (const std::uint64_t bytes : {0U, 0U, 1U, 7U, 15U, 15U, 16U, 17U}) {
    scene.source({.streams_max = 3, .bytes = bytes});
  }
  ASSERT_TRUE(scene.run_until_done());
  EXPECT_EQ(join(scene.ledger.check_fidelity()), "");
  EXPECT_EQ(join(scene.ledger.check_complete(SimWorld::start())), "");
}

TEST(Application, EveryKindOfEndPassesAFaithfulRelay) {
  for (std::uint64_t seed = 0; seed < 15; ++seed) {
    Scene scene(seed, SpliceBug::none,
                {.rate_bytes_s = seed % 3 == 0 ? 500'000U : 0U,
                 .answer_ratio = 0.3,
                 .reset_ratio = 0.3,
                 .early_half_close_ratio = 0.3});
    scene.network.options().fragment_ratio = 0.3;
    for (const SourceEnding ending :
         {SourceEnding::half_close, SourceEnding::close, SourceEnding::reset}) {
      scene.source({.streams_max = 4, .bytes = 400'000, .ending = ending});
      scene.source(
          {.streams_max = 2, .bytes = 400'000, .reads_while_writing = false, .ending = ending});
    }
    ASSERT_TRUE(scene.run_until_done(seconds(2000))) << seed;
    scene.world.run_for(seconds(100));
    EXPECT_EQ(join(scene.ledger.check_fidelity()), "") << seed;
    EXPECT_EQ(join(scene.ledger.check_settled()), "") << seed;
    EXPECT_EQ(join(scene.ledger.check_complete(SimWorld::start())), "") << seed;
  }
}

// What a faulty relay does in 20 seeds, as the first word of guilt that fits.
bool caught(SpliceBug bug, const std::string& accusation) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Scene scene(seed, bug,
                {.answer_ratio = 0, .reset_ratio = bug == SpliceBug::end_on_abort ? 1.0 : 0.0});
    for (int i = 0; i < 3; ++i) scene.source({.streams_max = 2, .bytes = 500'000});
    (void)scene.run_until_done(seconds(60));
    const std::string said = join(scene.ledger.check_fidelity()) +
                             join(scene.ledger.check_settled()) +
                             join(scene.ledger.check_complete(SimWorld::start()));
    if (said.find(accusation) != std::string::npos) return true;
  }
  return false;
}
TEST(Ledger, CatchesALostByte) { EXPECT_TRUE(caught(SpliceBug::lose_byte, "wrong byte")); }
TEST(Ledger, CatchesARepeatedBlockAndSaysWhereFrom) {
  EXPECT_TRUE(caught(SpliceBug::repeat_block, "wrong byte"));
  EXPECT_TRUE(caught(SpliceBug::repeat_block, ": offset "));
}
TEST(Ledger, CatchesCrossedStreams) { EXPECT_TRUE(caught(SpliceBug::cross, "wrong byte")); }
TEST(Ledger, CatchesATruncation) { EXPECT_TRUE(caught(SpliceBug::truncate, "truncated")); }
TEST(Ledger, CatchesAnAbortThatLooksClean) {
  EXPECT_TRUE(caught(SpliceBug::end_on_abort, "its writer never sent"));
}
TEST(Ledger, CatchesAnEndThatIsNeverTold) {
  EXPECT_TRUE(caught(SpliceBug::forget_the_end, "never told of the end"));
}

TEST(Application, DeathOfTheRelayIsAnAbortForBothEndsNeverAnEnd) {
  for (const Death death : {Death::process, Death::machine}) {
    Scene scene(3);
    for (int i = 0; i < 5; ++i)
      scene.source({.streams_max = 2, .bytes = 5 * kMiB, .rate_bytes_s = kMiB / 2});
    scene.world.run_for(seconds(5));
    scene.die(death);
    scene.world.run_for(seconds(5));
    scene.network.power_on(scene.middle);
    scene.start(SpliceBug::none);
    const TimePoint restarted = scene.world.now();
    ASSERT_TRUE(scene.run_until_done());
    EXPECT_EQ(join(scene.ledger.check_fidelity()), "");
    EXPECT_EQ(join(scene.ledger.check_settled()), "");
    EXPECT_EQ(join(scene.ledger.check_complete(restarted)), "");
    const auto aborted = std::ranges::count_if(scene.ledger.channels(), [](const auto& entry) {
      return entry.second.forward.reader_error != 0;
    });
    EXPECT_EQ(aborted, 5);
  }
}

TEST(Application, SameSeedSameHashUnderEveryFault) {
  const auto fingerprint = [](std::uint64_t seed) {
    Scene scene(seed, SpliceBug::none, {.stall_ratio = 0.01, .reset_ratio = 0.2});
    FaultPlan plan = FaultPlan::sample(scene.world.stream("plan"));
    plan.process_deaths = 2;
    plan.machine_deaths = 1;
    FaultInjector faults(scene.network, plan,
                         {.hosts = {scene.left, scene.middle},
                          .die =
                              [&](int side, Death death) {
                                if (side == 1) scene.die(death);
                              },
                          .restart =
                              [&](int side) {
                                if (side == 1) scene.start(SpliceBug::none);
                              },
                          .stall = [&](int, TimePoint until) { scene.loop->stall(until); }});
    for (int i = 0; i < 3; ++i) scene.source({.streams_max = 30, .bytes = 200'000});
    scene.world.run_until(faults.heal_at() + seconds(100));
    EXPECT_EQ(join(scene.ledger.check_fidelity()), "") << seed;
    return std::pair(scene.world.trace_hash(), scene.world.unseed());
  };
  for (std::uint64_t seed = 0; seed < 6; ++seed)
    EXPECT_EQ(fingerprint(seed), fingerprint(seed)) << seed;
  EXPECT_NE(fingerprint(1), fingerprint(2));
}

TEST(Pattern, NamesItselfAndAnyPlaceOfIt) {
  for (const StreamId id :
       {StreamId{5}, StreamId{5} | kCompressibleBit, StreamId{6} | kAnswerBit}) {
    std::vector<std::byte> bytes(10'000);
    fill_pattern(id, 0, bytes);
    EXPECT_EQ(pattern_stream(bytes), id);
    EXPECT_EQ(pattern_mismatch(id, 0, bytes), std::nullopt);
    EXPECT_EQ(pattern_mismatch(id, 4321, ByteView(bytes).subspan(4321)), std::nullopt);
    EXPECT_EQ(pattern_locate(id, ByteView(bytes).subspan(4321)), 4321U);
    EXPECT_EQ(pattern_locate(id + 1, ByteView(bytes).subspan(4321, 100)), std::nullopt);
    bytes[7777] ^= std::byte{1};
    EXPECT_EQ(pattern_mismatch(id, 0, bytes), 7777U);
  }
}

}  // namespace
}  // namespace longthrow::sim
