// SPDX-License-Identifier: Apache-2.0
// From the session to the lanes: which record goes out next, as far as lanes, credit and the
// bandwidth setting allow.
#pragma once

#include <optional>

#include "longthrow/loop.h"
#include "proxy/ingest/ingest.h"
#include "proxy/session/session.h"
#include "proxy/uplink/token_bucket.h"
#include "proxy/uplink/uplink.h"

namespace longthrow {

// Of one link. Belongs to the loop's thread; the uplink outlives it.
class FrameSender {
 public:
  FrameSender(Loop& loop, Uplink& uplink) : loop_(loop), uplink_(uplink) {}
  FrameSender(const FrameSender&) = delete;
  FrameSender& operator=(const FrameSender&) = delete;

  // At most so many bytes per second in frames; 0: as many as the lanes take.
  void set_bandwidth(std::uint64_t bytes_s) { bucket_.set_rate(bytes_s); }
  [[nodiscard]] std::uint64_t bandwidth_bytes_s() const { return bucket_.rate(); }

  // Control records that are due, then frames of express and of quiet channels.
  void send_express(Session& session);
  // Frames on the bulk lanes. While the lanes have room and no frame waits, partial blocks become
  // frames. Returned: when the bandwidth allows more, if it is what holds them back.
  [[nodiscard]] std::optional<TimePoint> send_bulk(Session& session, Ingest& ingest);
  // One on each bulk lane that is not busy: what a busy one sends is sign of life enough.
  void send_heartbeats(Session& session, std::int64_t wall_ns);

  // In frames, headers included; also those that were sent again.
  [[nodiscard]] std::uint64_t sent_bytes() const { return sent_bytes_; }
  [[nodiscard]] std::uint64_t sent_again_bytes() const { return sent_again_bytes_; }

 private:
  // Frames of quiet channels that wait in the express lane, in front of acknowledgements and
  // credit.
  static constexpr std::size_t kAheadQueueBytes = 32 * kKiB;

  void send_frame(Lane& lane, const Session::NextFrame& next);

  Loop& loop_;
  Uplink& uplink_;
  TokenBucket bucket_;
  ByteQueue record_;  // scratch
  std::uint64_t sent_bytes_ = 0;
  std::uint64_t sent_again_bytes_ = 0;
};

}  // namespace longthrow
