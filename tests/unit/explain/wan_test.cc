// SPDX-License-Identifier: Apache-2.0
// Frames wait for the WAN: TCP's counters tell why.
#include "tests/unit/explain/explain_fixture.h"

namespace longthrow::explain::test {
namespace {

class Wan : public ExplainTest {
 protected:
  Wan() {
    limited_by(Limit::wan);
    lane().unsent_bytes = 256 * kKiB;
    lane().tcp.busy_s = kSeconds;
  }
};

TEST_F(Wan, IsFullWhenNothingElseIsTheReason) {
  lane().tcp.rtt_ms = 180.0;
  EXPECT_EQ(of_link().cause, Cause::wan_full);
  EXPECT_EQ(of_link().sentence,
            "the lag grows by 1.0 MiB/s: the WAN is full and carries no more; in 1.0 MiB/s, out "
            "1.0 MiB/s, ratio 1.0, round trip 180.0 ms (80.0 ms without a queue), 0.0 % sent "
            "again, lag 10.0 MiB, 5.0 s.");
}

TEST_F(Wan, LosesWhenMuchIsSentAgainWithoutAQueue) {
  lane().tcp.sent_again_bytes = lane().tcp.sent_bytes / 50;
  lane().tcp.rtt_ms = 95.0;  // less than a quarter above 80
  EXPECT_EQ(of_link().cause, Cause::loss);
  EXPECT_TRUE(says(of_link(), "the WAN loses packets: 2.0 % of what TCP sends is sent again"));
}

TEST_F(Wan, IsFullWhenAQueueIsTheReasonForTheLosses) {
  lane().tcp.sent_again_bytes = lane().tcp.sent_bytes / 50;
  lane().tcp.rtt_ms = 101.0;
  EXPECT_EQ(of_link().cause, Cause::wan_full);
  EXPECT_TRUE(says(of_link(), "2.0 % sent again"));
}

TEST_F(Wan, OnAShortPathAFewMillisecondsAreNoQueue) {
  lane().tcp.sent_again_bytes = lane().tcp.sent_bytes / 50;
  lane().tcp.min_rtt_ms = link().lanes[0].tcp.min_rtt_ms = 2.0;
  lane().tcp.rtt_ms = 11.0;
  EXPECT_EQ(of_link().cause, Cause::loss);
  lane().tcp.rtt_ms = 13.0;
  EXPECT_EQ(of_link().cause, Cause::wan_full);
}

TEST_F(Wan, AFewLossesAreNoCause) {
  lane().tcp.sent_again_bytes = lane().tcp.sent_bytes / 200;
  EXPECT_EQ(of_link().cause, Cause::wan_full);
}

TEST_F(Wan, LossesAreThoseBetweenTheLooks) {
  lane().tcp.sent_bytes += kMiB;
  lane().tcp.sent_again_bytes = link_before().lanes[1].tcp.sent_again_bytes = kMiB;
  link_before().lanes[1].tcp.sent_bytes = kMiB;
  EXPECT_EQ(of_link().cause, Cause::wan_full);
  EXPECT_EQ(*of_link().numbers.tcp.sent_again_share, 0.0);
}

TEST_F(Wan, WithoutARoundTripNoLossIsCalledTheCause) {
  lane().tcp.sent_again_bytes = lane().tcp.sent_bytes / 50;
  for (LaneStatus& each : link().lanes) each.tcp.min_rtt_ms.reset();
  EXPECT_EQ(of_link().cause, Cause::wan_full);
}

TEST_F(Wan, WaitsForAReceiveWindow) {
  lane().tcp.receive_window_limited_s = 0.6 * kSeconds;
  EXPECT_EQ(of_link().cause, Cause::receive_window);
  EXPECT_EQ(of_link().where, Side::peer);
  EXPECT_TRUE(says(of_link(), "TCP waits for the peer's receive window 60.0 % of the time"));
  lane().tcp.receive_window_limited_s = 0.4 * kSeconds;
  EXPECT_EQ(of_link().cause, Cause::wan_full);
}

TEST_F(Wan, WaitsForASendBuffer) {
  lane().tcp.send_buffer_limited_s = 0.6 * kSeconds;
  EXPECT_EQ(of_link().cause, Cause::send_buffer);
  EXPECT_TRUE(says(of_link(), "raise net.ipv4.tcp_wmem here"));
}

TEST_F(Wan, ABufferOfWhichAllIsUnderWayIsTooSmall) {
  link().buffer.full = true;
  EXPECT_EQ(of_link().cause, Cause::wan_full) << "bytes wait to be sent";
  lane().unsent_bytes = 0;
  EXPECT_EQ(of_link().cause, Cause::buffer_full);
  EXPECT_TRUE(says(of_link(),
                   "the source is slowed, as the buffer is full: all of the buffer is "
                   "under way"));
  lane().tcp.unsent_bytes = 1;
  EXPECT_EQ(of_link().cause, Cause::wan_full);
}

TEST_F(Wan, AnOlderDaemonThatCountsNothingIsUnderstood) {
  for (LinkStatus* each : {&link(), &link_before()}) {
    for (LaneStatus& of : each->lanes) of.tcp = {};
  }
  EXPECT_EQ(of_link().cause, Cause::wan_full);
  EXPECT_TRUE(says(of_link(), "round trip 80.0 ms, lag"));
}

}  // namespace
}  // namespace longthrow::explain::test
