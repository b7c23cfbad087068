// SPDX-License-Identifier: Apache-2.0
#include "tools/longthrow/render_status.h"

#include <gtest/gtest.h>

#include "proxy/control/status_json.h"
#include "tests/unit/control/fake_node.h"
#include "tools/longthrow/read_status.h"

namespace longthrow::cli {
namespace {

// The screen with runs of spaces made one: structure, not spacing.
std::string screen(const Status& status, bool colours = false) {
  const std::string text =
      render_status(read_status(control::status_to_json(status)), Painter(colours));
  std::string out;
  for (const char c : text) {
    if (c != ' ' || !out.ends_with(' ')) out += c;
  }
  return out;
}
::testing::AssertionResult shows(const std::string& screen, const std::string& part) {
  if (screen.find(part) != std::string::npos) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "no \"" << part << "\" in:\n" << screen;
}

TEST(RenderStatus, HealthyPairIsOneScreen) {
  const std::string text = screen(test::sample_status());
  EXPECT_TRUE(
      shows(text, "alpha longthrowd 1.2.3, up 1 d 1 h, epoll (no io_uring: forbidden by sysctl)"));
  EXPECT_TRUE(text.starts_with("STOPPED ON PURPOSE: group vm1 is held at the peer since"));
  EXPECT_TRUE(shows(text, "LINK dr up, peer beta, rtt 80.1 ms, 2 lanes"));
  EXPECT_TRUE(shows(text, "buffer 3.0 MiB of 1.0 GiB (0 %), holding 9.0 MiB raw"));
  EXPECT_TRUE(shows(text, "lag 9.0 MiB, 1.5 s"));
  EXPECT_TRUE(shows(text, "limited by the WAN"));
  EXPECT_TRUE(
      shows(text, "memlimit 1GiB, compression auto now zstd:3, ratio 3.0, bandwidth unlimited"));
  EXPECT_TRUE(
      shows(text, "vm1 dr yes 9.0 MiB, 1.5 s 0.2 s old, as of 2026-01-31T12:01:07.300Z (source)"));
  EXPECT_TRUE(shows(text, "r0 vm1 open 1"));
  EXPECT_TRUE(shows(text, "channel 17 open"));
  EXPECT_LT(std::count(text.begin(), text.end(), '\n'), 25);
}

TEST(RenderStatus, APendingRestartHasALine) {
  Status status = test::sample_status();
  EXPECT_FALSE(shows(screen(status), "restart pending"));
  status.restart_pending = "/usr/bin/longthrowd was replaced";
  EXPECT_TRUE(shows(screen(status), "\nrestart pending: /usr/bin/longthrowd was replaced\n"));
}

TEST(RenderStatus, TheWindowOfTheScheduleIsShownUnlessItIsOverruled) {
  Status status = test::sample_status();
  LinkStatus& link = status.links.at("dr");
  link.bandwidth.window = "daily 08:00-18:00 20mbit";
  EXPECT_TRUE(shows(screen(status), "(daily 08:00-18:00 20mbit)"));
  link.differs_from_file = {"bandwidth"};
  EXPECT_FALSE(shows(screen(status), "(daily 08:00-18:00 20mbit)"));
}

TEST(RenderStatus, TheNewestCheckpointIsShown) {
  Status status = test::sample_status();
  EXPECT_FALSE(shows(screen(status), "checkpoint"));
  CheckpointCounts& counts = status.groups["vm1"].checkpoints;
  counts.last_done = "nightly";
  counts.last_done_at = WallTime(std::chrono::seconds(1'769'860'800));
  EXPECT_TRUE(shows(screen(status), "last checkpoint: nightly, reached 2026-01-31T12:00:00.000Z"));
  counts.last_failure = "noon: its hook has failed";
  EXPECT_TRUE(shows(screen(status), "!! checkpoint failed: noon: its hook has failed"));
}

TEST(RenderStatus, InconsistentGroupIsLoud) {
  Status status = test::sample_status();
  status.groups["vm1"].consistent = Consistency::no;
  status.groups["vm1"].reason = "the peer has restarted";
  EXPECT_TRUE(shows(screen(status), "!! NOT CONSISTENT: the peer has restarted"));
  EXPECT_TRUE(shows(screen(status, true), "\033[1;31m"));
}

TEST(RenderStatus, WhatIsNotKnownIsNotCalledConsistent) {
  Status status = test::sample_status();
  status.groups["vm1"].consistent = Consistency::unknown;
  status.groups["vm1"].reason = "route r0: DRBD has not said it";
  const std::string text = screen(status);
  EXPECT_TRUE(shows(text, "vm1 dr unknown"));
  EXPECT_TRUE(shows(text, "!! not known to be consistent: route r0: DRBD has not said it"));
}

TEST(RenderStatus, ColoursOnlyWhenAsked) {
  EXPECT_EQ(screen(test::sample_status()).find('\033'), std::string::npos);
}

TEST(RenderStatus, DownLinkSaysWhy) {
  Status status = test::sample_status();
  status.links["dr"].state = LinkState::down;
  status.links["dr"].reason = "connection refused";
  const std::string text = screen(status);
  EXPECT_TRUE(shows(text, "LINK dr down"));
  EXPECT_TRUE(shows(text, "why connection refused"));
  EXPECT_EQ(text.find("rtt"), std::string::npos);
}

TEST(RenderStatus, PauseAndFenceAreShown) {
  Status status = test::sample_status();
  status.links["dr"].paused_since = WallTime(std::chrono::milliseconds(0));
  status.links["dr"].fenced = true;
  EXPECT_TRUE(shows(screen(status), "paused since 1970-01-01T00:00:00.000Z"));
  EXPECT_TRUE(shows(screen(status), "FENCED until `longthrow release dr`"));
}

TEST(RenderStatus, WhatIsStoppedIsSaidWithTheCommandAndSinceWhen) {
  Status status = test::sample_status();
  const WallTime since(std::chrono::seconds(1));
  status.links["dr"].notices = {{.what = NoticeKind::paused,
                                 .where = Side::peer,
                                 .since = since,
                                 .by = "`longthrow pause x`"}};
  status.groups["vm1"].notices = {{.what = NoticeKind::held,
                                   .where = Side::here,
                                   .since = since,
                                   .by = "`longthrow drain vm1 --hold`"},
                                  {.what = NoticeKind::fenced,
                                   .where = Side::here,
                                   .since = since,
                                   .by = "`longthrow takeover vm1`"}};
  const std::string text = screen(status);
  EXPECT_TRUE(
      shows(text, "paused at the peer since 1970-01-01T00:00:01.000Z: `longthrow pause x`"));
  EXPECT_TRUE(shows(text,
                    "!! input is held here since 1970-01-01T00:00:01.000Z: `longthrow drain vm1 "
                    "--hold`; `longthrow resume vm1` ends it"));
  EXPECT_TRUE(shows(text, "`longthrow release vm1` ends it"));
}

TEST(RenderStatus, FullBufferIsLoud) {
  Status status = test::sample_status();
  status.links["dr"].buffer.full = true;
  EXPECT_TRUE(shows(screen(status), "FULL: the source is slowed"));
}

TEST(RenderStatus, SettingsThatDifferFromTheFileAreMarked) {
  Status status = test::sample_status();
  status.links["dr"].differs_from_file = {"memlimit", "bandwidth"};
  const std::string text = screen(status);
  EXPECT_TRUE(shows(text, "memlimit 1GiB*"));
  EXPECT_TRUE(shows(text, "bandwidth unlimited*"));
  EXPECT_TRUE(shows(text, "compression auto now"));
  EXPECT_TRUE(shows(text, "* until restart or reload"));
}

TEST(RenderStatus, WhatIsNotKnownIsSaidSo) {
  Status status = test::sample_status();
  status.links["dr"].compression.ratio.reset();
  EXPECT_TRUE(shows(screen(status), "ratio unknown"));
}

TEST(RenderStatus, TheBufferIsMeasuredAgainstWhatTheSendSideMayUse) {
  Status status = test::sample_status();
  status.links["dr"].buffer.send_limit_bytes = 4 * kMiB;
  EXPECT_TRUE(shows(screen(status), "buffer 3.0 MiB of 4.0 MiB (75 %)"));
}

TEST(RenderStatus, LostBytesAreShown) {
  Status status = test::sample_status();
  EXPECT_TRUE(shows(screen(status), "LOSSES 2 since 2026-01-21T12:53:20.000Z, 7.0 MiB"));
  EXPECT_TRUE(shows(screen(status), "5.0 MiB, session_timeout; `longthrow losses` has them all"));
  status.losses = {};
  EXPECT_FALSE(shows(screen(status), "LOSSES"));
  status.losses.not_kept = "no space left";
  EXPECT_TRUE(shows(screen(status), "LOSSES are not kept on the disk: no space left"));
}

TEST(RenderStatus, NothingReceivedIsSaid) {
  Status status = test::sample_status();
  status.groups["vm1"].inbound.as_of.reset();
  EXPECT_TRUE(shows(screen(status), "nothing received"));
}

TEST(RenderStatus, ACopyOfSeveralStreamsIsNotProven) {
  Status status = test::sample_status();
  status.groups["vm1"].inbound.proof = Proof::none;
  status.groups["vm1"].inbound.proof_reason = "2 streams, and no cuts between them";
  EXPECT_TRUE(shows(screen(status), "(not proven: 2 streams, and no cuts between them)"));
}

TEST(RenderStatus, ChannelsBeyondTheScreenAreCounted) {
  Status status = test::sample_status();
  RouteStatus& route = status.routes["r0"];
  route.channels.resize(64);
  route.channels_open = 200;
  const std::string text = screen(status);
  EXPECT_TRUE(shows(text, "and 192 more"));
}

TEST(RenderStatus, TextOfThePeerCannotDriveTheTerminal) {
  Status status = test::sample_status();
  status.links["dr"].peer = "be\033[2Jta";
  EXPECT_EQ(screen(status).find('\033'), std::string::npos);
}

TEST(RenderStatus, ForeignJsonIsSurvived) {
  for (const char* text :
       {"{}", R"({"links":5})", R"({"links":{"a":1},"groups":{"g":[]},"routes":[]})",
        R"({"links":{"a":{"rtt_ms":"x","buffer":[],"lag":null}}})"}) {
    EXPECT_FALSE(render_status(read_status(json::parse(text).get_object()), Painter(false)).empty())
        << text;
  }
}

TEST(Human, BytesHaveFittingUnits) {
  EXPECT_EQ(human_bytes(0), "0 B");
  EXPECT_EQ(human_bytes(1023), "1023 B");
  EXPECT_EQ(human_bytes(1024), "1.0 KiB");
  EXPECT_EQ(human_bytes(1024.0 * 1024 - 1), "1.0 MiB");
  EXPECT_EQ(human_bytes(3.5 * 1024 * 1024 * 1024), "3.5 GiB");
}

TEST(Human, SecondsBecomeMinutesHoursAndDays) {
  EXPECT_EQ(human_seconds(0.2), "0.2 s");
  EXPECT_EQ(human_seconds(125), "2 min 5 s");
  EXPECT_EQ(human_seconds(7260), "2 h 1 min");
  EXPECT_EQ(human_seconds(90061), "1 d 1 h");
  EXPECT_EQ(human_seconds(-1), "?");
}

TEST(RenderStatus, AReloadThatFailedHasALine) {
  Status status = test::sample_status();
  EXPECT_FALSE(shows(screen(status), "reload failed"));
  status.configuration = {.read_at = WallTime(std::chrono::seconds(1'769'882'400)),
                          .refused_at = WallTime(std::chrono::seconds(1'769'882'460)),
                          .refused = "1 error"};
  EXPECT_TRUE(shows(screen(status),
                    "\nreload failed at 2026-01-31T18:01:00.000Z, the configuration of "
                    "2026-01-31T18:00:00.000Z goes on: 1 error\n"));
}

TEST(RenderStatus, CertificatesHaveALineWhereThereAreSome) {
  Status status = test::sample_status();
  EXPECT_FALSE(shows(screen(status), "expires"));
  status.links["dr"].certificate_ends.here = WallTime(std::chrono::seconds(1'769'882'400));
  EXPECT_TRUE(
      shows(screen(status),
            "expires this node's certificate 2026-01-31T18:00:00.000Z, the peer's unknown"));
}

}  // namespace
}  // namespace longthrow::cli
