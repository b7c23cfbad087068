// SPDX-License-Identifier: Apache-2.0
// The table "How an end travels" of ARCHITECTURE.md, from the side of the leg that sees it.
#include "proxy/legs/leg_end.h"

#include <gtest/gtest.h>

namespace longthrow {
namespace {

TEST(LegEnd, NothingEndsWhileThePeerGoesOn) {
  EXPECT_EQ(next_end({}), LegEnd::wait);
  EXPECT_EQ(next_end({.said_last = true}), LegEnd::wait);
  EXPECT_EQ(next_end({.peer_takes_no_more = true}), LegEnd::wait);
}

TEST(LegEnd, PeersFinIsHandedOnAndTheOtherDirectionGoesOn) {
  EXPECT_EQ(next_end({.peers_end = PeersEnd::fin}), LegEnd::write_fin);
  EXPECT_EQ(next_end({.fin_written = true, .peers_end = PeersEnd::fin}), LegEnd::wait);
}

TEST(LegEnd, BothDirectionsInOrderCloseTheLegInOrder) {
  EXPECT_EQ(next_end({.said_last = true, .fin_written = true, .peers_end = PeersEnd::fin}),
            LegEnd::finish);
}

TEST(LegEnd, PeersAbortResetsTheLeg) {
  for (const bool said_last : {false, true})
    EXPECT_EQ(next_end({.said_last = said_last, .peers_end = PeersEnd::abort}), LegEnd::abort);
}

TEST(LegEnd, PeerThatTakesNoMoreEndsTheLegOnceItsOwnBytesAreHandedOver) {
  EXPECT_EQ(next_end({.peers_end = PeersEnd::fin, .peer_takes_no_more = true}), LegEnd::abort);
}

TEST(LegEnd, AfterAFailedWriteTheLegIsReadToItsEnd) {
  EXPECT_EQ(next_end({.write_failed = true, .peers_end = PeersEnd::fin}), LegEnd::wait);
  EXPECT_EQ(next_end({.write_failed = true, .said_last = true}), LegEnd::reset);
  EXPECT_EQ(next_end({.attached = false, .write_failed = true}), LegEnd::reset);
}

TEST(LegEnd, WithoutASessionWhatIsHereIsHandedOverAndTheLegIsReset) {
  EXPECT_EQ(next_end({.attached = false, .more_is_here = true}), LegEnd::wait);
  EXPECT_EQ(next_end({.attached = false}), LegEnd::abort);
  EXPECT_EQ(next_end({.attached = false, .peers_end = PeersEnd::fin}), LegEnd::abort);
}

TEST(LegEnd, WithoutASessionOnlyWhatBothSidesHadEndedStaysInOrder) {
  LegFacts leg{.attached = false,
               .said_last = true,
               .fin_written = true,
               .peers_end = PeersEnd::fin,
               .peer_has_its_end = true};
  EXPECT_EQ(next_end(leg), LegEnd::finish);
  leg.peer_has_its_end = false;
  EXPECT_EQ(next_end(leg), LegEnd::abort);
}

TEST(LegEnd, TakeoverResetsTheLegWhenWhatWasReleasedIsHandedOver) {
  EXPECT_EQ(next_end({.limit_reached = true}), LegEnd::abort);
  EXPECT_EQ(next_end({.limit_reached = true, .peers_end = PeersEnd::fin}), LegEnd::abort);
}

TEST(LegEnd, GuideHoldsEveryEndButThatOfALegThatCannotBeWritten) {
  EXPECT_EQ(next_end({.end_held = true, .peers_end = PeersEnd::abort}), LegEnd::wait);
  EXPECT_EQ(next_end({.end_held = true, .limit_reached = true}), LegEnd::wait);
  EXPECT_EQ(next_end({.write_failed = true, .said_last = true, .end_held = true}), LegEnd::reset);
}

}  // namespace
}  // namespace longthrow
