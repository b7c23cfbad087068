// SPDX-License-Identifier: Apache-2.0
// The pacer against a path that is a queue in front of a link of a certain rate, as a fluid.
#include "proxy/uplink/pacer.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace longthrow {
namespace {

using std::chrono::milliseconds;
using Seconds = std::chrono::duration<double>;

class Path {
 public:
  double rate = 1.25e6;              // bytes/s of the WAN
  Duration rtt = milliseconds(100);  // without a queue
  double queue_max = 1e6;            // bytes
  double cross = 0;                  // bytes/s that others send whatever happens
  double window = 400e3;  // what congestion control keeps on its way when nothing limits it

  bool backlog = true;

  // Lets `time` pass in steps of 5 ms; the pacer steps when it is due.
  void run(Duration time) {
    constexpr Duration kStep = milliseconds(5);
    const double step_s = Seconds(kStep).count();
    worst_ = Duration(0);
    double carried = 0;
    for (const TimePoint end = now_ + time; now_ < end; now_ += kStep) {
      const double out = std::min(rate * step_s, queue_ + inflow() * step_s + cross * step_s);
      queue_ = std::clamp(queue_ + (inflow() + cross) * step_s - out, 0.0, queue_max);
      const double ours = out * inflow() / std::max(inflow() + cross, 1.0);
      carried += ours;
      acknowledged_ += ours;
      const Duration now_rtt = rtt + queue_delay();
      smoothed_ += (now_rtt - smoothed_) / 8;
      worst_ = std::max(worst_, queue_delay());
      if (now_ < due_) continue;
      due_ = now_ + Pacer::interval(smoothed_);
      pacer_.update(now_, {.rtt = smoothed_,
                           .min_rtt = milliseconds(100),
                           .acknowledged_bytes = static_cast<std::uint64_t>(acknowledged_),
                           .backlog = backlog});
    }
    used_ = carried / (rate * Seconds(time).count());
  }
  [[nodiscard]] Duration queue_delay() const {
    return std::chrono::duration_cast<Duration>(Seconds(queue_ / rate));
  }
  [[nodiscard]] Duration worst() const { return worst_; }  // queueing, since the last run began
  [[nodiscard]] double used() const { return used_; }      // of the WAN, by us
  [[nodiscard]] const Pacer& pacer() const { return pacer_; }

 private:
  // A sender without a limit keeps its window full: what is acknowledged plus what grows it.
  [[nodiscard]] double inflow() const {
    if (!backlog) return 0;
    const double limit = static_cast<double>(pacer_.rate_bytes_s());
    const double unlimited = window / Seconds(rtt).count();
    return limit > 0 ? std::min(limit, unlimited) : unlimited;
  }

  Pacer pacer_;
  TimePoint now_{std::chrono::seconds(1)};
  TimePoint due_{};
  double queue_ = 0;
  double acknowledged_ = 0;
  double used_ = 0;
  Duration smoothed_ = milliseconds(100);
  Duration worst_{0};
};

TEST(Pacer, KeepsTheQueueShortAndTheLinkFull) {
  Path path;
  path.run(std::chrono::seconds(5));
  path.run(std::chrono::seconds(30));
  EXPECT_LT(path.worst(), milliseconds(100));
  EXPECT_GT(path.used(), 0.93);
}

TEST(Pacer, LeavesALinkAloneThatHasNoQueue) {
  Path path;
  path.window = 100e3;  // less than the link carries
  path.run(std::chrono::seconds(10));
  EXPECT_EQ(path.pacer().rate_bytes_s(), 0U);
  EXPECT_GT(path.used(), 0.75);
}

TEST(Pacer, FollowsALinkThatGetsSlowerAndFaster) {
  Path path;
  path.run(std::chrono::seconds(10));
  path.rate /= 4;
  path.run(std::chrono::seconds(5));
  path.run(std::chrono::seconds(20));
  EXPECT_LT(path.worst(), milliseconds(120));
  EXPECT_GT(path.used(), 0.9);
  path.rate *= 8;
  path.window *= 4;
  path.run(std::chrono::seconds(5));
  path.run(std::chrono::seconds(20));
  EXPECT_LT(path.worst(), milliseconds(100));
  EXPECT_GT(path.used(), 0.9);
}

TEST(Pacer, DoesNotStarveBesideOthersThatFillTheQueue) {
  Path path;
  path.cross = path.rate;
  path.window = 1e6;
  path.run(std::chrono::seconds(10));
  path.run(std::chrono::seconds(120));
  EXPECT_GT(path.used(), 0.3);
}

TEST(Pacer, GivesUpOnAPathThatHasBecomeLonger) {
  Path path;
  path.run(std::chrono::seconds(10));
  path.rtt = milliseconds(200);
  path.run(std::chrono::seconds(30));
  path.run(std::chrono::seconds(300));
  EXPECT_GT(path.used(), 0.8);
}

TEST(Pacer, LearnsNothingWhileThereIsNothingToSend) {
  Path path;
  path.run(std::chrono::seconds(20));
  const auto before = path.pacer().rate_bytes_s();
  path.backlog = false;
  path.run(std::chrono::seconds(60));
  EXPECT_EQ(path.pacer().rate_bytes_s(), before);
}

}  // namespace
}  // namespace longthrow
