// SPDX-License-Identifier: Apache-2.0
// Nodes that start with torn files of state: they know nothing that they cannot know.
#include "tests/sim/pair_fixture.h"
#include "tests/sim/torn_state.h"

namespace longthrow::sim {
namespace {

using std::chrono::seconds;

class PairState : public PairFixture {
 protected:
  PairState() { options.makes_state_dirs = true; }
  std::string file(const std::string& name) { return options.state_dir + "/beta/" + name; }
  bool is_aside(const std::string& name) {
    return std::filesystem::exists(file(name) + ".damaged");
  }
  bool was_said(std::string_view words) {
    return std::ranges::any_of(
        log, [&](const std::string& line) { return line.find(words) != std::string::npos; });
  }
  // Node 1 ends, and starts with the file torn.
  void restart_torn(const std::string& name, Tear tear) {
    kill(1);
    std::filesystem::remove(file(name) + ".damaged");
    ASSERT_TRUE(tear_file(file(name), tear, random));
    log.clear();
    cluster->start(1);
  }
  bool both_up() {
    return link(0).state == LinkState::up && link(1).state == LinkState::up &&
           status(0).routes.at("r0").state == RouteState::open;
  }

  RandomStream random{5};
};

// The group was taken over. Nobody knows it any more, so nothing at all comes in.
TEST_F(PairState, ATornRecordOfTakeoversLetsNothingInBeforeItsRelease) {
  start();
  for (int i = 0; i < 8; ++i) {
    const auto taken = command(1, Takeover{.name = "g", .force = true});
    ASSERT_TRUE(wait([&] { return answered(*taken); }));
    ASSERT_TRUE(taken->back().ok) << taken->back().message;
    ASSERT_NO_FATAL_FAILURE(restart_torn("fences", i % 2 == 0 ? Tear::cut_short : Tear::turn_bit));
    const SourceApp& late = source({.bytes = 10'000});
    const std::uint64_t before = targets.front().received_bytes();
    run(seconds(20));
    EXPECT_TRUE(link(1).fenced) << i;
    EXPECT_NE(link(0).state, LinkState::up) << i;
    EXPECT_EQ(targets.front().received_bytes(), before) << i;
    EXPECT_TRUE(is_aside("fences")) << i;
    EXPECT_TRUE(was_said("all links start fenced")) << lines(log);
    ASSERT_TRUE(command(1, Release{"wan"})->back().ok);
    ASSERT_TRUE(wait([this] { return both_up(); })) << i;
    ASSERT_TRUE(wait([&] { return late.finished(); })) << i;
  }
}

TEST_F(PairState, ATornRecordOfCopiesClaimsNoAge) {
  start();
  source({.streams_max = 100, .bytes = 100'000, .ending = SourceEnding::hold});
  for (int i = 0; i < 8; ++i) {
    ASSERT_TRUE(wait([this] { return both_up(); }));
    run(seconds(30));
    ASSERT_TRUE(group(1).inbound.as_of) << i;
    network->cut(cluster->host(0), cluster->host(1), world.now() + seconds(60));
    kill(1);
    cluster->start(1);
    ASSERT_TRUE(group(1).inbound.as_of) << i;  // it is whole
    ASSERT_NO_FATAL_FAILURE(restart_torn("copies", i % 2 == 0 ? Tear::cut_short : Tear::turn_bit));
    for (int s = 0; s < 20; ++s) {
      run(seconds(1));
      EXPECT_FALSE(group(1).inbound.as_of) << i;
      EXPECT_FALSE(group(1).inbound.age_s) << i;
    }
    EXPECT_TRUE(is_aside("copies")) << i;
    EXPECT_TRUE(was_said("times of the copies are not known")) << lines(log);
  }
}

TEST_F(PairState, ATornLedgerOfLossesIsKeptAsideAndSaid) {
  start();
  source({.bytes = 100'000, .ending = SourceEnding::hold});
  run(seconds(10));
  ASSERT_NO_FATAL_FAILURE(restart_torn("losses", Tear::turn_bit));
  EXPECT_TRUE(is_aside("losses"));
  EXPECT_TRUE(was_said("the ledger of losses is damaged")) << lines(log);
  EXPECT_TRUE(wait([this] { return both_up(); }));
}

}  // namespace
}  // namespace longthrow::sim
