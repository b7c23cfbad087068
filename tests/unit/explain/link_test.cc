// SPDX-License-Identifier: Apache-2.0
// What stands in the way of a link.
#include "tests/unit/explain/explain_fixture.h"

namespace longthrow::explain::test {
namespace {

using Link = ExplainTest;

TEST_F(Link, NothingStandsInTheWayOfAHealthyOne) {
  EXPECT_EQ(of_link().cause, Cause::nothing);
  EXPECT_EQ(of_link().sentence,
            "nothing stands in the way, all that is given here is sent; in 1.0 MiB/s, out 1.0 "
            "MiB/s, ratio 1.0.");
}

TEST_F(Link, AFrameThatHasJustWaitedForItsTurnIsNoLimit) {
  limited_by(Limit::wan);
  lags(8 * kMiB, 8 * kMiB, 0.16);  // a round trip of 80 ms: under way
  EXPECT_EQ(of_link().cause, Cause::nothing);
  lags(8 * kMiB, 8 * kMiB, 0.9);
  EXPECT_EQ(of_link().cause, Cause::wan_full);
}

TEST_F(Link, ALimitThatIsThereInOneLookIsNamed) {
  limited_by(Limit::wan);
  link().limited_by = Limit::source;
  EXPECT_EQ(of_link().cause, Cause::wan_full);
  std::swap(link().limited_by, link_before().limited_by);
  EXPECT_EQ(of_link().cause, Cause::wan_full);
}

TEST_F(Link, WithoutAProgramItIsIdle) {
  move(0);
  now.routes["r0"].channels_open = 0;
  EXPECT_EQ(of_link().cause, Cause::source_idle);
  EXPECT_EQ(of_link().sentence, "nothing is given here, no program is connected.");
  now.routes["r0"].state = RouteState::mismatched;
  now.routes["r0"].reason = "its protocol differs";
  EXPECT_TRUE(
      says(of_link(), "no program is connected, route r0 is mismatched: its protocol differs"));
}

TEST_F(Link, WithSilentProgramsItIsIdle) {
  move(0);
  EXPECT_EQ(of_link().cause, Cause::source_idle);
  EXPECT_TRUE(says(of_link(), "1 connection is open, and the programs send nothing"));
  now.routes["r0"].channels_open = 2;
  EXPECT_TRUE(says(of_link(), "2 connections are open"));
}

TEST_F(Link, ADrbdThatIsAheadIsTheReasonForSilence) {
  move(0);
  now.routes["r0"].drbd.emplace().ahead = Side::here;
  EXPECT_TRUE(says(of_link(), "as DRBD is ahead"));
  now.routes["r0"].drbd->ahead = Side::peer;
  EXPECT_FALSE(says(of_link(), "as DRBD is ahead"));
}

TEST_F(Link, AnIdleOneOfTheDrSiteSaysWhatComes) {
  move(0);
  link().wire_in_bytes = 4 * kMiB;
  EXPECT_EQ(of_link().sentence,
            "nothing is given here, 1 connection is open, and the programs send nothing; 2.0 MiB/s "
            "from the peer.");
}

TEST_F(Link, BandwidthIsTheSetting) {
  limited_by(Limit::bandwidth);
  link().bandwidth.bytes_s = kMiB;
  EXPECT_EQ(of_link().cause, Cause::bandwidth);
  EXPECT_TRUE(says(of_link(),
                   "the lag grows by 1.0 MiB/s: the bandwidth setting of 1.0 MiB/s is "
                   "reached (`longthrow set dr bandwidth RATE` changes it)"));
}

TEST_F(Link, AChosenCodecThatIsTooSlowIsTheCpu) {
  limited_by(Limit::cpu);
  EXPECT_EQ(of_link().cause, Cause::cpu);
  EXPECT_TRUE(says(of_link(),
                   "the CPU is busy with compression (zstd:3) and takes no more than "
                   "1.0 MiB/s"));
}

TEST_F(Link, ASetCodecThatIsTooSlowIsTheCodec) {
  limited_by(Limit::cpu);
  link().compression.setting = link().compression.codec = "zstd:19";
  EXPECT_EQ(of_link().cause, Cause::codec);
  EXPECT_TRUE(says(of_link(), "the codec zstd:19 compresses no more than 1.0 MiB/s"));
  EXPECT_TRUE(says(of_link(), "longthrow set dr compression auto"));
}

TEST_F(Link, ATargetThatDoesNotReadIsNamedWithItsGroups) {
  limited_by(Limit::peer_disk);
  add_group("vm2");
  add_group("vm3");
  group("vm1").without_credit = group("vm3").without_credit = true;
  EXPECT_EQ(of_link().cause, Cause::target);
  EXPECT_EQ(of_link().where, Side::peer);
  EXPECT_TRUE(says(of_link(),
                   "the target at the peer does not take what it has got, of group "
                   "vm1, vm3"));
}

TEST_F(Link, ATargetThatReadsWhatComesIsNotBlamedForASmallReceiveShare) {
  limited_by(Limit::peer_disk);
  channel().in_bytes = 10 * kMiB;
  channel().lag_bytes = 7 * kMiB;
  channel().delivered_bytes = 2 * kMiB;  // 1 MiB/s; 1 MiB of what has arrived is not told yet
  EXPECT_EQ(of_link().cause, Cause::receive_share);
  EXPECT_EQ(of_link().where, Side::peer);
  EXPECT_TRUE(says(of_link(),
                   "the peer's memory for what is under way to its target is used up, "
                   "though that takes 1.0 MiB/s"));
  channel().lag_bytes = 5 * kMiB;  // 3 MiB: 3 s for what has arrived
  EXPECT_EQ(of_link().cause, Cause::target);
  EXPECT_EQ(of_one_look().cause, Cause::target) << "as the daemon says";
}

TEST_F(Link, ATargetHereThatDoesNotReadIsSaidAtTheDrSite) {
  move(0);
  link_before().undelivered_bytes = link().undelivered_bytes = 3 * kMiB;
  link().delivered_bytes = 2 * kMiB;  // 1 MiB/s: 3 s for what waits
  EXPECT_EQ(of_link().cause, Cause::target);
  EXPECT_EQ(of_link().where, Side::here);
  EXPECT_EQ(of_link().effect, Effect::copy_waits);
  EXPECT_TRUE(says(of_link(),
                   "what the peer has sent waits: the target here takes 1.0 MiB/s, and "
                   "3.0 MiB wait for it"));
}

TEST_F(Link, ATargetHereThatIsFastEnoughIsNotBlamed) {
  move(0);
  link_before().undelivered_bytes = link().undelivered_bytes = 3 * kMiB;
  link().delivered_bytes = 4 * kMiB;
  EXPECT_EQ(of_link().cause, Cause::source_idle);
  link().delivered_bytes = 0;
  link_before().undelivered_bytes = 0;  // it has come just now
  EXPECT_EQ(of_link().cause, Cause::source_idle);
  EXPECT_EQ(of_one_look().cause, Cause::source_idle) << "one look shows no rate";
}

TEST_F(Link, ABufferThatNothingElseHasFilledIsNamed) {
  link().buffer.full = true;
  EXPECT_EQ(of_link().cause, Cause::buffer_full);
  EXPECT_TRUE(says(of_link(), "the source is slowed, as the buffer is full: the buffer has just"));
}

TEST_F(Link, ADownOneIsSaidWithSinceWhenAndWhy) {
  limited_by(Limit::down);
  link().state = LinkState::down;
  link().state_since = kSince;
  link().reason = "no sign of life for 10 s";
  EXPECT_EQ(of_link().cause, Cause::link_down);
  EXPECT_EQ(of_link().sentence,
            "the lag grows by 1.0 MiB/s: the link is down since 1970-01-01T00:00:01.000Z (no sign "
            "of life for 10 s); in 1.0 MiB/s, lag 10.0 MiB, 5.0 s.");
}

TEST_F(Link, OneThroughWhichNothingPassesIsNotCalledAFullWan) {
  limited_by(Limit::wan);
  link().warnings.push_back({.name = "nothing_passes", .text = "nothing has got through"});
  EXPECT_EQ(of_link().cause, Cause::nothing_passes);
  EXPECT_TRUE(says(of_link(), "nothing has got through"));
}

TEST_F(Link, APauseIsSaidWithWhatEndsIt) {
  limited_by(Limit::paused);
  link().state = LinkState::down;
  stop(link().notices, NoticeKind::paused);
  EXPECT_EQ(of_link().cause, Cause::paused);
  EXPECT_TRUE(says(of_link(),
                   "the link is paused here since 1970-01-01T00:00:01.000Z by `the "
                   "command` (`longthrow resume dr` ends it)"));
}

TEST_F(Link, APauseAtThePeerIsEndedThere) {
  link().state = LinkState::down;
  stop(link().notices, NoticeKind::paused, Side::peer);
  EXPECT_EQ(of_link().where, Side::peer);
  EXPECT_TRUE(says(of_link(), "nothing lags now, but the link is paused at the peer"));
  EXPECT_FALSE(says(of_link(), "longthrow resume"));
}

TEST_F(Link, AFenceComesBeforeWhatFollowsFromIt) {
  link().state = LinkState::down;
  stop(link().notices, NoticeKind::paused);
  stop(link().notices, NoticeKind::fenced);
  EXPECT_EQ(of_link().cause, Cause::fenced);
  EXPECT_TRUE(says(of_link(), "(`longthrow release dr` ends it)"));
}

TEST_F(Link, OneIsHeldWhenAllItsGroupsAre) {
  stop(group().notices, NoticeKind::held);
  EXPECT_EQ(of_link().cause, Cause::held);
  EXPECT_EQ(of_link().effect, Effect::source_stopped);
  EXPECT_TRUE(says(of_link(), "the source is stopped: the input of group vm1 is held here"));
  add_group("vm2");
  EXPECT_EQ(of_link().cause, Cause::nothing);
}

TEST_F(Link, OneLookIsEnoughForWhatTheDaemonSaysItself) {
  limited_by(Limit::wan);
  link().full_eta_s = 30.0;
  link().rate.in_bytes_s = 3.0 * kMiB;
  EXPECT_EQ(of_one_look().cause, Cause::wan_full);
  EXPECT_EQ(of_one_look().effect, Effect::lag_grows);
  EXPECT_TRUE(says(of_one_look(), "the lag grows: the WAN is full"));
  EXPECT_TRUE(says(of_one_look(), "in 3.0 MiB/s"));
  EXPECT_TRUE(says(of_one_look(), "full in 30.0 s"));
}

TEST_F(Link, EveryOneHasASentenceEvenWithoutNumbers) {
  now.links["other"] = {};
  const Verdict other = explain(nullptr, now).links.at("other");
  EXPECT_EQ(other.sentence, "nothing lags now, but the link is connecting.");
}

}  // namespace
}  // namespace longthrow::explain::test
