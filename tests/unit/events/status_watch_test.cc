// SPDX-License-Identifier: Apache-2.0
#include "proxy/events/status_watch.h"

#include <gtest/gtest.h>

#include "proxy/base/log.h"

namespace longthrow {
namespace {
using std::chrono::days;
using std::chrono::hours;
using std::chrono::seconds;

class StatusWatchTest : public ::testing::Test {
 protected:
  StatusWatchTest() {
    status_.version = "1.2.3";
    link().state = LinkState::up;
    link().peer = "beta";
    link().sessions = 1;
    link().buffer.send_limit_bytes = 100;
    group().link = "dr";
  }
  LinkStatus& link() { return status_.links["dr"]; }
  GroupStatus& group() { return status_.groups["vm1"]; }
  // Looks once more, a second later; "link_down dr: why; ..." of what is told.
  std::string look() {
    now_ += seconds(1);
    status_.uptime_s += 1;
    events_ = watch_.look(status_, now_);
    std::string text;
    for (const Event& event : events_) {
      const std::string place = event.link + (event.group.empty() ? "" : "/" + event.group);
      text +=
          format("{}{} {}: {}", text.empty() ? "" : "; ", to_string(event.code), place, event.text);
    }
    return text;
  }
  static Notice notice(NoticeKind what, Side where = Side::here) {
    return {.what = what, .where = where, .since = WallTime(seconds(7)), .by = "`longthrow x`"};
  }

  StatusWatch watch_;
  Status status_;
  WallTime now_{hours(500'000)};
  std::vector<Event> events_;
};

TEST_F(StatusWatchTest, TheFirstLookTellsTheStartAndWhatIsNotAsItShouldBe) {
  EXPECT_EQ(look(), "node_started : longthrowd 1.2.3; link_up dr: peer beta");
  EXPECT_EQ(look(), "");
}

TEST_F(StatusWatchTest, TellsOfCheckpoints) {
  group().checkpoints = {.done = 5, .last_done = "old"};
  (void)look();
  group().checkpoints = {.done = 6, .last_done = "nightly"};
  EXPECT_EQ(look(), "checkpoint_done dr/vm1: nightly");
  group().checkpoints.failed = 1;
  group().checkpoints.last_failure = "noon: it was late";
  EXPECT_EQ(look(), "checkpoint_failed dr/vm1: noon: it was late");
  EXPECT_EQ(events_.front().weight, EventWeight::warning);
  EXPECT_EQ(look(), "");
}

TEST_F(StatusWatchTest, ALinkGoesDownAndComesUp) {
  (void)look();
  link().state = LinkState::down;
  link().state_since = now_ + Duration(5);
  link().reason = "no sign of life";
  EXPECT_EQ(look(), "link_down dr: no sign of life");
  EXPECT_EQ(events_.front().weight, EventWeight::warning);
  EXPECT_EQ(events_.front().at, link().state_since);
  EXPECT_EQ(look(), "");
  link().state = LinkState::connecting;
  EXPECT_EQ(look(), "") << "it is not up yet";
  link().state = LinkState::up;
  ++link().reconnects;
  EXPECT_EQ(look(), "link_up dr: peer beta");
}

TEST_F(StatusWatchTest, AnOutageBetweenTwoLooksIsToldByTheCounters) {
  (void)look();
  ++link().reconnects;
  EXPECT_EQ(look(), "link_down dr: for a moment; link_up dr: peer beta");
  ++link().sessions;
  EXPECT_EQ(look(), "link_down dr: for a moment; link_up dr: peer beta");
}

TEST_F(StatusWatchTest, ALinkThatNeverCameUpIsToldOnce) {
  link().state = LinkState::connecting;
  link().sessions = 0;
  link().reason = "nobody answers";
  std::string told = look();
  for (int i = 0; i < 100; ++i) told += look();
  EXPECT_EQ(told,
            "node_started : longthrowd 1.2.3"
            "link_down dr: not up since the node's start: nobody answers");
  link().state = LinkState::up;
  link().sessions = 1;
  EXPECT_EQ(look(), "link_up dr: peer beta");
}

TEST_F(StatusWatchTest, APauseIsNoAlarm) {
  (void)look();
  link().state = LinkState::down;
  link().reason = "paused";
  link().notices = {notice(NoticeKind::paused)};
  EXPECT_EQ(look(), "link_down dr: paused; paused dr: here by `longthrow x`");
  for (const Event& event : events_) EXPECT_EQ(event.weight, EventWeight::info);
  EXPECT_EQ(events_.back().at, WallTime(seconds(7)));
  link().notices.clear();
  EXPECT_EQ(look(), "resumed dr: no longer paused here");
}

TEST_F(StatusWatchTest, TheBufferHasTwoMarksAndAnEnd) {
  (void)look();
  link().buffer.used_bytes = 79;
  EXPECT_EQ(look(), "");
  link().buffer.used_bytes = 80;
  EXPECT_EQ(look(), "buffer_high dr: 80 % of 100 bytes for sending are used");
  link().buffer.used_bytes = 60;
  EXPECT_EQ(look(), "") << "between the marks";
  link().buffer.used_bytes = 85;
  EXPECT_EQ(look(), "") << "told already";
  link().buffer.full = true;
  EXPECT_EQ(look(), "buffer_full dr: 85 % of 100 bytes for sending are used: the source is slowed");
  link().buffer.full = false;
  EXPECT_EQ(look(), "");
  link().buffer.used_bytes = 50;
  EXPECT_EQ(look(), "buffer_normal dr: 50 % of 100 bytes for sending are used");
  link().buffer.used_bytes = 10;
  EXPECT_EQ(look(), "");
}

TEST_F(StatusWatchTest, ACopyThatCannotBeTrustedAndOneThatCan) {
  (void)look();
  group().consistent = Consistency::no;
  group().reason = "lost";
  EXPECT_EQ(look(), "not_consistent dr/vm1: lost");
  EXPECT_EQ(events_.front().weight, EventWeight::critical);
  group().consistent = Consistency::unknown;
  group().reason = "who knows";
  EXPECT_EQ(look(), "copy_unknown dr/vm1: who knows");
  EXPECT_EQ(events_.front().weight, EventWeight::warning);
  group().consistent = Consistency::yes;
  EXPECT_EQ(look(), "consistent dr/vm1: the copy can be trusted");
}

TEST_F(StatusWatchTest, AfterAStartAnUnknownCopyIsNoAlarm) {
  group().consistent = Consistency::unknown;
  EXPECT_NE(look().find("copy_unknown dr/vm1"), std::string::npos);
  EXPECT_EQ(events_.back().weight, EventWeight::info);
}

TEST_F(StatusWatchTest, FencesAndHoldsAtBothEnds) {
  link().notices = {notice(NoticeKind::fenced)};
  EXPECT_EQ(look().find("fenced"), std::string::npos) << "from before the start";
  group().notices = {notice(NoticeKind::held), notice(NoticeKind::fenced, Side::peer)};
  EXPECT_EQ(look(),
            "held dr/vm1: here by `longthrow x`; fenced dr/vm1: at the peer by `longthrow x`");
  link().notices.clear();
  group().notices.clear();
  EXPECT_EQ(look(),
            "released dr: no longer fenced here; hold_ended dr/vm1: no longer held here; "
            "released dr/vm1: no longer fenced at the peer");
}

TEST_F(StatusWatchTest, FramesThatFailTheirChecksumAreCounted) {
  (void)look();
  link().errors.checksum_failures = 3;
  const std::string told = look();
  EXPECT_TRUE(told.starts_with("corruption dr: 3 frames failed")) << told;
  EXPECT_EQ(look(), "");
}

TEST_F(StatusWatchTest, TheNodeStopsAndAnUpgradeIsToldOnce) {
  (void)look();
  status_.restart_pending = "another program";
  EXPECT_EQ(look(), "restart_pending : another program");
  EXPECT_EQ(look(), "");
  status_.stopping = true;
  EXPECT_EQ(look(), "node_stopping : this node was told to stop");
  link().state = LinkState::down;
  EXPECT_EQ(look(), "link_down dr: ");
  EXPECT_EQ(events_.front().weight, EventWeight::info);
}

TEST_F(StatusWatchTest, KnowsThatTheLedgerHasGrown) {
  status_.losses.losses = 2;
  (void)look();
  EXPECT_TRUE(watch_.lost()) << "those from before may not be in the history";
  (void)look();
  EXPECT_FALSE(watch_.lost());
  status_.losses.losses = 3;
  (void)look();
  EXPECT_TRUE(watch_.lost());
}

TEST_F(StatusWatchTest, ALinkThatAReloadRemovedIsForgotten) {
  (void)look();
  const LinkStatus before = link();
  status_.links.clear();
  status_.groups.clear();
  EXPECT_EQ(look(), "");
  status_.links["dr"] = before;
  EXPECT_EQ(look(), "link_up dr: peer beta");
}

}  // namespace
}  // namespace longthrow
