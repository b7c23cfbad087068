// SPDX-License-Identifier: Apache-2.0
// Moves records from the session to the lanes. Decides which record goes out next, as far as lanes,
// credit and the bandwidth setting allow.
#pragma once

#include <optional>

#include "longthrow/loop.h"
#include "proxy/ingest/ingest.h"
#include "proxy/session/session.h"
#include "proxy/uplink/bandwidth_plan.h"
#include "proxy/uplink/token_bucket.h"
#include "proxy/uplink/uplink.h"

namespace longthrow {

// One for each link. Belongs to the loop's thread; the uplink outlives it.
class FrameSender {
 public:
  FrameSender(Loop& loop, Uplink& uplink) : loop_(loop), uplink_(uplink) {}
  FrameSender(const FrameSender&) = delete;
  FrameSender& operator=(const FrameSender&) = delete;

  // What frames may take in total.
  [[nodiscard]] BandwidthPlan& bandwidth() { return bandwidth_; }
  [[nodiscard]] const BandwidthPlan& bandwidth() const { return bandwidth_; }

  // Called every tick. `link`: its name, for the log.
  void follow_schedule(const std::string& link);

  // Control records that are due, then frames of express and of quiet channels.
  void send_express(Session& session);
  // Sends frames on the bulk lanes. While the lanes have room and no frame waits, it makes frames
  // of partial blocks. Returns when the bandwidth setting allows more, if that is what holds frames
  // back.
  [[nodiscard]] std::optional<TimePoint> send_bulk(Session& session, Ingest& ingest);
  // Sends a heartbeat on each bulk lane with room. A busy lane needs none: its frames show the peer
  // that it lives.
  void send_heartbeats(Session& session, std::int64_t wall_ns);

  // Bytes sent in frames, headers included; also those of frames that were sent again.
  [[nodiscard]] std::uint64_t sent_bytes() const { return sent_bytes_; }
  [[nodiscard]] std::uint64_t sent_again_bytes() const { return sent_again_bytes_; }

 private:
  // At most so many bytes of quiet channels' frames lie in the express lane in front of
  // acknowledgements and credit.
  static constexpr std::size_t kAheadQueueBytes = 32 * kKiB;

  void send_frame(Lane& lane, const Session::NextFrame& next);

  Loop& loop_;
  Uplink& uplink_;
  BandwidthPlan bandwidth_;
  TokenBucket bucket_;
  ByteQueue record_;  // scratch
  std::uint64_t sent_bytes_ = 0;
  std::uint64_t sent_again_bytes_ = 0;
};

}  // namespace longthrow
