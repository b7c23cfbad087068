// SPDX-License-Identifier: Apache-2.0
// What stands in the way of a group, and when that is more than is said of its link.
#include "tests/unit/explain/explain_fixture.h"

namespace longthrow::explain::test {
namespace {

class OfGroup : public ExplainTest {
 protected:
  OfGroup() { add_group("quiet"); }
  [[nodiscard]] bool told(const std::string& name = "vm1") const {
    return differs(of_group(name), of_link());
  }
};

TEST_F(OfGroup, NothingIsToldTwice) {
  EXPECT_EQ(of_group().cause, Cause::nothing);
  EXPECT_FALSE(told());
  limited_by(Limit::wan);
  EXPECT_EQ(of_group().cause, Cause::wan_full);
  EXPECT_TRUE(says(of_group(), "the lag grows by 1.0 MiB/s: the WAN is full"));
  EXPECT_FALSE(says(of_group(), ", out ")) << "what goes out is known of the link only";
  EXPECT_FALSE(told());
}

TEST_F(OfGroup, AQuietOneDoesNotSufferFromAFullLink) {
  limited_by(Limit::wan);
  link().buffer.full = true;
  EXPECT_EQ(of_group("quiet").cause, Cause::source_idle);
  EXPECT_EQ(of_group("quiet").effect, Effect::keeps_up);
  group("quiet").lag = {.bytes = 100, .seconds = 0.1};
  EXPECT_EQ(of_group("quiet").cause, Cause::nothing);
  EXPECT_FALSE(told("quiet"));
}

TEST_F(OfGroup, OneThatIsHeldIsToldBesideALinkThatRuns) {
  stop(group().notices, NoticeKind::held);
  EXPECT_EQ(of_group().cause, Cause::held);
  EXPECT_EQ(of_group().effect, Effect::source_stopped);
  EXPECT_TRUE(says(of_group(), "its input is held here"));
  EXPECT_TRUE(says(of_group(), "(`longthrow resume vm1` ends it)"));
  EXPECT_TRUE(told());
}

TEST_F(OfGroup, OneThatIsFencedIsToldAlsoWhileTheLinkIsDown) {
  link().state = LinkState::down;
  EXPECT_EQ(of_group().cause, Cause::link_down);
  EXPECT_FALSE(told());
  stop(group().notices, NoticeKind::fenced);
  EXPECT_EQ(of_group().cause, Cause::fenced);
  EXPECT_TRUE(told());
}

TEST_F(OfGroup, AHoldAtThePeerStopsNothingHere) {
  stop(group("quiet").notices, NoticeKind::held, Side::peer);
  EXPECT_EQ(of_group("quiet").cause, Cause::held);
  EXPECT_EQ(of_group("quiet").effect, Effect::keeps_up);
  EXPECT_TRUE(
      says(of_group("quiet"), "nothing lags now, but the peer's input is held at the peer"));
  stop(group().notices, NoticeKind::held, Side::peer);
  EXPECT_EQ(of_group().cause, Cause::nothing);
}

TEST_F(OfGroup, ATargetThatTakesNothingIsItsOwnMatter) {
  lags(8 * kMiB, 10 * kMiB);
  group().without_credit = true;
  EXPECT_EQ(of_link().cause, Cause::nothing);
  EXPECT_EQ(of_group().cause, Cause::target);
  EXPECT_EQ(of_group().where, Side::peer);
  EXPECT_TRUE(told());
  limited_by(Limit::peer_disk);
  EXPECT_FALSE(told()) << "the link says so";
  group("quiet").lag = {.bytes = 100, .seconds = 3.0};
  EXPECT_EQ(of_group("quiet").cause, Cause::nothing)
      << "another group's target is no matter of this one";
}

TEST_F(OfGroup, ATargetHereIsJudgedByWhatTheGroupsChannelsGot) {
  group_before().undelivered_bytes = group().undelivered_bytes = 2 * kMiB;
  EXPECT_EQ(of_group().cause, Cause::target);
  EXPECT_EQ(of_group().where, Side::here);
  channel().out_bytes = 3 * kMiB;
  EXPECT_EQ(of_group().cause, Cause::nothing);
}

TEST_F(OfGroup, AnIdleOneSpeaksOfItsOwnRoutes) {
  move(0);
  EXPECT_TRUE(says(of_group("vm1"), "1 connection is open"));
  EXPECT_TRUE(says(of_group("quiet"), "no program is connected"));
}

TEST_F(OfGroup, OneOfAnUnknownLinkHasAVerdict) {
  group("lost").link = "gone";
  EXPECT_EQ(of_group("lost").cause, Cause::nothing);
}

}  // namespace
}  // namespace longthrow::explain::test
