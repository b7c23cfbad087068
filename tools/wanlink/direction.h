// SPDX-License-Identifier: Apache-2.0
// One direction of the emulated WAN: a byte-limited queue in front of a transmitter of a given
// rate, then a delay line. Pure: time comes in, frames are polled out.
//
//   frame -> [ tail-drop queue ] -> transmitter (rate) -> lost? -> [ delay line ] -> poll
//
// The transmitter runs in virtual time: nobody wakes up for it, it is brought up to date by the
// next call. What is lost by chance is lost on the wire: it has taken its share of the rate.
// INVARIANT: queued_bytes_ <= max(queue limit, one segment); queued_bytes_ + in_flight_bytes_ <=
// kHeldBytesMax.
#pragma once

#include <deque>
#include <optional>

#include "tools/wanlink/loss.h"
#include "tools/wanlink/outage.h"
#include "tools/wanlink/packet.h"
#include "tools/wanlink/statistics.h"

namespace longthrow::wanlink {

// A piece never takes the wire for longer than this, unless it is a single segment.
inline constexpr Duration kPieceDurationMax = std::chrono::milliseconds(1);
// Bounds memory where no rate does: 10 Gbit/s times 400 ms.
inline constexpr std::size_t kHeldBytesMax = 512 * kMiB;

class Direction {
 public:
  Direction(const DirectionSettings& settings, TimePoint origin, std::uint64_t seed)
      : settings_(settings),
        outages_(origin),
        losses_(seed),
        jitter_(~seed),
        state_time_(origin - Duration(1)) {}

  // Takes a frame that was read from the sending side's device. REQUIRES: `now` never goes back,
  // here and in all other calls.
  void on_frame(TimePoint now, ByteView frame);
  // The next frame that is due at the receiving side, until there is none.
  [[nodiscard]] std::optional<Frame> poll_frame(TimePoint now);
  // When to call poll_frame again, unless something else happens first. Perhaps too early, never
  // late.
  [[nodiscard]] TimePoint next_timeout() const;

  // What follows goes by the new settings; so does what waits in the queue.
  void change(TimePoint now, const DirectionSettings& settings);
  // For planning outages before the first frame.
  [[nodiscard]] OutageSchedule& outages() { return outages_; }
  void down(TimePoint now);
  void up(TimePoint now);
  void outage(TimePoint now, Duration length);

  void on_device_refusal() { ++statistics_.lost_to_device; }
  [[nodiscard]] const DirectionSettings& settings() const { return settings_; }
  [[nodiscard]] const DirectionStatistics& statistics() const { return statistics_; }
  [[nodiscard]] bool is_down() const { return down_; }
  [[nodiscard]] std::uint64_t queued_bytes() const { return queued_bytes_; }
  [[nodiscard]] std::uint64_t in_flight_bytes() const { return in_flight_bytes_; }

 private:
  // Consecutive segments of one frame; lost ones take the wire and have no frame.
  struct Piece {
    Frame frame;
    std::size_t ip_bytes = 0;
    std::size_t segments = 0;
    TimePoint time;  // of arrival in the queue; of delivery in the delay line
  };
  enum class Fate : std::uint8_t { sent, lost, dropped };

  void advance(TimePoint now);
  void enter_state(TimePoint time);
  void transmit(TimePoint until);
  void admit(TimePoint now, ByteView frame, const FrameShape& shape);
  [[nodiscard]] Fate decide(std::size_t ip_bytes);
  [[nodiscard]] Duration wire_time(std::size_t ip_bytes) const;
  [[nodiscard]] TimePoint transmitted_at(const Piece& piece) const;
  [[nodiscard]] std::size_t piece_bytes_max() const;
  void lose_everything();

  DirectionSettings settings_;
  OutageSchedule outages_;
  LossModel losses_;
  Dice jitter_;
  DirectionStatistics statistics_;
  std::deque<Piece> queue_;
  std::deque<Piece> line_;
  std::uint64_t queued_bytes_ = 0;
  std::uint64_t in_flight_bytes_ = 0;
  TimePoint state_time_;  // up to here outages have been seen
  TimePoint wire_free_at_ = TimePoint::min();
  TimePoint last_delivery_ = TimePoint::min();
  bool down_ = false;
};

}  // namespace longthrow::wanlink
