// SPDX-License-Identifier: Apache-2.0
#include "tools/wanlink/direction.h"

#include <gtest/gtest.h>

#include "tests/unit/wanlink/super_packet.h"

namespace longthrow::wanlink {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart = TimePoint(1000s);

struct Arrival {
  Duration time;
  Frame frame;
};

// Drives one direction as the emulator does: it is woken only when it asked for it.
class DirectionTest : public testing::Test {
 protected:
  void configure(const DirectionSettings& settings) { direction_.emplace(settings, kStart, 7); }
  Direction& direction() { return *direction_; }

  void run_until(Duration time) {
    while (direction().next_timeout() <= kStart + time) {
      now_ = std::max(now_, direction().next_timeout());
      collect();
    }
    now_ = kStart + time;
    collect();
  }
  void send(Duration time, const Frame& frame) {
    run_until(time);
    direction().on_frame(now_, frame);
  }
  void collect() {
    while (auto frame = direction().poll_frame(now_)) {
      arrivals_.push_back({.time = now_ - kStart, .frame = std::move(*frame)});
    }
  }
  [[nodiscard]] std::vector<Duration> arrival_times() const {
    std::vector<Duration> times;
    for (const Arrival& arrival : arrivals_) times.push_back(arrival.time);
    return times;
  }
  [[nodiscard]] std::size_t wire_packets_arrived() const {
    std::size_t count = 0;
    for (const Arrival& arrival : arrivals_) count += inspect(arrival.frame)->segments;
    return count;
  }
  [[nodiscard]] const DirectionStatistics& seen() { return direction().statistics(); }

  using Times = std::vector<Duration>;
  const Frame kilobyte_ = make_small_frame(1000);
  std::optional<Direction> direction_;
  TimePoint now_ = kStart;
  std::vector<Arrival> arrivals_;
};

TEST_F(DirectionTest, DelayAloneMovesEveryFrameByIt) {
  configure({.delay = 40ms});
  send(0ms, kilobyte_);
  send(5ms, kilobyte_);
  run_until(1s);
  EXPECT_EQ(arrival_times(), (Times{40ms, 45ms}));
}

TEST_F(DirectionTest, RateSpacesFramesThatArriveAtOnce) {
  configure({.delay = 40ms, .rate_bits_s = 8'000'000});
  for (int i = 0; i < 3; ++i) send(0ms, kilobyte_);
  run_until(1s);
  EXPECT_EQ(arrival_times(), (Times{41ms, 42ms, 43ms}));
}

TEST_F(DirectionTest, IdleLineSavesNoCredit) {
  configure({.rate_bits_s = 8'000'000});
  send(100ms, kilobyte_);
  send(100ms, kilobyte_);
  run_until(1s);
  EXPECT_EQ(arrival_times(), (Times{101ms, 102ms}));
}

TEST_F(DirectionTest, FullQueueDropsTheTail) {
  configure({.rate_bits_s = 8'000'000, .queue_bytes = 2500});
  for (int i = 0; i < 5; ++i) send(0ms, kilobyte_);
  EXPECT_EQ(seen().lost_to_queue, 3U);
  send(1ms, kilobyte_);  // one has left
  EXPECT_EQ(seen().lost_to_queue, 3U);
  run_until(1s);
  EXPECT_EQ(arrival_times(), (Times{1ms, 2ms, 3ms}));
  EXPECT_EQ(seen().queue_bytes_peak, 2000U);
}

TEST_F(DirectionTest, QueueSmallerThanAPacketStillCarriesOne) {
  configure({.rate_bits_s = 8'000'000, .queue_bytes = 10});
  send(0ms, kilobyte_);
  send(0ms, kilobyte_);
  run_until(1s);
  EXPECT_EQ(arrival_times(), (Times{1ms}));
}

TEST_F(DirectionTest, SuperPacketIsCutToAMillisecondOfWire) {
  configure({.rate_bits_s = 25'000'000});  // 3125 bytes a millisecond: two segments
  const Frame frame = make_frame({});
  send(0ms, frame);
  run_until(1s);
  ASSERT_EQ(arrivals_.size(), 4U);
  EXPECT_EQ(arrivals_[0].time, 960us);
  EXPECT_EQ(wire_packets_arrived(), 7U);
  EXPECT_EQ(seen().cut_frames, 1U);
  EXPECT_EQ(seen().out_bytes, 10000U + 7 * 52);
}

TEST_F(DirectionTest, SuperPacketStaysWholeOnAnUnlimitedLine) {
  configure({.delay = 1ms});
  const Frame frame = make_frame({});
  send(0ms, frame);
  run_until(1s);
  ASSERT_EQ(arrivals_.size(), 1U);
  EXPECT_EQ(arrivals_[0].frame, frame);
  EXPECT_EQ(seen().cut_frames, 0U);
}

TEST_F(DirectionTest, FullQueueKeepsTheFrontOfASuperPacket) {
  configure({.rate_bits_s = 1'000'000'000, .queue_bytes = 5900});
  send(0ms, make_frame({}));
  run_until(1s);
  EXPECT_EQ(wire_packets_arrived(), 3U + 1U);  // the short last segment fits again
  EXPECT_EQ(seen().lost_to_queue, 3U);
}

TEST_F(DirectionTest, LossTakesSegmentsNotSuperPackets) {
  configure({.loss = 0.2});
  for (int i = 0; i < 1000; ++i) send(i * 1ms, make_frame({}));
  run_until(2s);
  EXPECT_EQ(wire_packets_arrived() + seen().lost_by_chance, 7000U);
  EXPECT_NEAR(static_cast<double>(seen().lost_by_chance), 1400.0, 150.0);
  EXPECT_EQ(seen().in_bytes, 1000U * (10000 + 7 * 52));
}

TEST_F(DirectionTest, WhatIsLostHasTakenItsShareOfTheRate) {
  configure({.rate_bits_s = 8'000'000, .loss = 1.0});
  send(0ms, kilobyte_);
  DirectionSettings settings = direction().settings();
  settings.loss = 0.0;
  direction().change(now_, settings);
  send(0ms, kilobyte_);
  run_until(1s);
  EXPECT_EQ(arrival_times(), (Times{2ms}));
}

TEST_F(DirectionTest, JitterNeverReorders) {
  configure({.delay = 10ms, .jitter = 5ms});
  for (int i = 0; i < 200; ++i) send(i * 100us, make_small_frame(static_cast<std::size_t>(i) + 1));
  run_until(1s);
  ASSERT_EQ(arrivals_.size(), 200U);
  Duration latest{0};
  for (std::size_t i = 0; i < arrivals_.size(); ++i) {
    EXPECT_EQ(arrivals_[i].frame.size(), sizeof(VnetHeader) + i + 1);
    const Duration took = arrivals_[i].time - static_cast<int>(i) * 100us;
    EXPECT_GE(took, 10ms);
    EXPECT_LE(took, 15ms);
    latest = std::max(latest, took);
  }
  EXPECT_GT(latest, 13ms);
}

TEST_F(DirectionTest, DropOutageLosesQueueAndLineAndWhatIsSentMeanwhile) {
  configure({.delay = 10ms, .rate_bits_s = 8'000'000});
  for (int i = 0; i < 3; ++i) send(0ms, kilobyte_);
  run_until(1500us);  // one is on its way, two wait
  direction().outage(now_, 100ms);
  send(50ms, kilobyte_);
  EXPECT_TRUE(direction().is_down());
  EXPECT_EQ(seen().lost_to_outage, 4U);
  EXPECT_EQ(direction().queued_bytes() + direction().in_flight_bytes(), 0U);
  send(102ms, kilobyte_);
  run_until(1s);
  EXPECT_EQ(arrival_times(), (Times{113ms}));
}

TEST_F(DirectionTest, HoldOutageDelaysTheQueueAndDeliversTheLine) {
  configure({.delay = 10ms, .rate_bits_s = 8'000'000, .outage_mode = OutageMode::hold});
  for (int i = 0; i < 3; ++i) send(0ms, kilobyte_);
  run_until(2ms);
  direction().down(now_);
  run_until(100ms);
  EXPECT_EQ(arrival_times(), (Times{11ms, 12ms}));
  direction().up(now_);
  run_until(1s);
  EXPECT_EQ(arrival_times(), (Times{11ms, 12ms, 111ms}));
  EXPECT_EQ(seen().lost_to_outage, 0U);
}

TEST_F(DirectionTest, HoldOutageOverflowsTheQueueAlsoWithoutARate) {
  configure({.queue_bytes = 2000, .outage_mode = OutageMode::hold});
  direction().down(now_);
  for (int i = 0; i < 5; ++i) send(0ms, kilobyte_);
  EXPECT_EQ(seen().lost_to_queue, 3U);
  direction().up(now_);
  run_until(1s);
  EXPECT_EQ(arrivals_.size(), 2U);
}

TEST_F(DirectionTest, PlannedOutageBeginsAndEndsUnasked) {
  configure({.delay = 1ms});
  direction().outages().plan({.start = 100ms, .length = 50ms});
  for (int i = 0; i < 20; ++i) send(i * 10ms + 5ms, kilobyte_);
  run_until(1s);
  EXPECT_EQ(arrivals_.size(), 15U);
  EXPECT_EQ(seen().lost_to_outage, 5U);
  EXPECT_EQ(seen().outages, 1U);
  EXPECT_EQ(direction().next_timeout(), kNever);
}

TEST_F(DirectionTest, NewRateGoesForWhatWaitsInTheQueue) {
  configure({.rate_bits_s = 8'000'000});
  for (int i = 0; i < 3; ++i) send(0ms, kilobyte_);
  run_until(1ms);
  DirectionSettings slower = direction().settings();
  slower.rate_bits_s = 800'000;
  direction().change(now_, slower);
  run_until(1s);
  EXPECT_EQ(arrival_times(), (Times{1ms, 11ms, 21ms}));
}

TEST_F(DirectionTest, ShorterDelayNeverOvertakes) {
  configure({.delay = 100ms});
  send(0ms, kilobyte_);
  DirectionSettings closer = direction().settings();
  closer.delay = 1ms;
  direction().change(now_, closer);
  send(10ms, make_small_frame(1));
  run_until(1s);
  ASSERT_EQ(arrival_times(), (Times{100ms, 100ms}));
  EXPECT_EQ(arrivals_[1].frame.size(), sizeof(VnetHeader) + 1);
}

TEST_F(DirectionTest, MalformedSuperPacketIsCountedAndDropped) {
  configure({});
  Frame frame = make_frame({});
  frame.resize(40);
  send(0ms, frame);
  run_until(1s);
  EXPECT_EQ(seen().malformed, 1U);
  EXPECT_TRUE(arrivals_.empty());
}

TEST_F(DirectionTest, HeldBytesAreBoundedWhateverTheQueueMayHold) {
  // Lost segments count like others and cost this test no memory.
  configure({.queue_bytes = 1'000 * kGiB, .loss = 1.0, .outage_mode = OutageMode::hold});
  direction().down(now_);
  const Frame frame = make_frame({.payload_bytes = 60000});
  for (std::size_t sent = 0; sent < kHeldBytesMax + kMiB; sent += 60000) send(0ms, frame);
  EXPECT_LE(direction().queued_bytes(), kHeldBytesMax);
  EXPECT_GT(direction().queued_bytes(), kHeldBytesMax - kMiB);
  EXPECT_GT(seen().lost_to_queue, 0U);
}

}  // namespace
}  // namespace longthrow::wanlink
