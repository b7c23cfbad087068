// SPDX-License-Identifier: Apache-2.0
// Writes the peer's bytes to the leg.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>

#include "proxy/guides/stream_guide.h"
#include "proxy/legs/leg.h"
#include "proxy/legs/outlet_owner.h"
#include "proxy/session/in_stream.h"

namespace longthrow {

// Belongs to the loop's thread. Leg, guide and stream must live until the outlet is idle.
class Outlet {
 public:
  struct Parts {
    Loop& loop;
    Leg& leg;
    StreamGuide& guide;
    InStream& in;
    CompletionWatcher& watcher;
  };
  Outlet(const Parts& parts, OutletOwner& owner);
  ~Outlet() { loop_.disarm(timer_); }
  Outlet(const Outlet&) = delete;
  Outlet& operator=(const Outlet&) = delete;

  void pump();
  // Ends the leg if an end is due. Called when nothing can be written, or something has changed.
  void look_at_end();
  void answer_now();     // the guide may have an answer to give
  void limit_release();  // from here on hands over only the bytes that are here now
  // The peer's bytes cannot be had: hands no more of them over. Resets the leg once it has taken
  // what it was handed, and all that it has said is read.
  void end_corrupt(LossCause cause);
  // From here on a leg that takes nothing for abort_linger is reset: nothing else bounds its time.
  void watch_handing_over();
  // The leg is about to be closed: reports what its TCP has acknowledged by now.
  void settle(CloseMode mode);
  void on_leg_closed() { loop_.disarm(timer_); }

  // Whether a write has failed: nothing more can be written.
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] bool aborting() const { return state_ == State::aborting; }
  [[nodiscard]] bool finishing() const { return state_ == State::finishing; }
  [[nodiscard]] bool corrupt() const { return corrupt_.has_value(); }
  [[nodiscard]] bool limited() const { return release_limit_ != kNoLimit; }
  [[nodiscard]] bool idle() const { return !write_.in_flight(); }
  // Of a closed leg: bytes that it was to take and did not; and bytes that were not for it: of an
  // epoch that is not whole, or from after a takeover.
  [[nodiscard]] std::uint64_t untaken_bytes() const;
  [[nodiscard]] std::uint64_t left_out_bytes() const;
  // How far the leg's TCP had acknowledged at the last look.
  [[nodiscard]] std::uint64_t delivered_offset() const { return delivered_; }
  // Bytes of the peer that are here and that the leg will never take: its TCP had not acknowledged
  // them when it took its last. Grows while more come, which are thrown away.
  [[nodiscard]] std::uint64_t lost_bytes() const;
  // Bytes not yet written to the leg, or not acknowledged by its TCP (whom it asks without
  // `stats`).
  [[nodiscard]] std::uint64_t undelivered_bytes() const;
  [[nodiscard]] std::uint64_t undelivered_bytes(const SocketStats& stats) const;
  // Reports how much the leg's TCP has acknowledged. REQUIRES: the leg is open.
  void report_delivered(const SocketStats& stats) { report_delivered(queued_bytes(stats)); }

 private:
  enum class State : std::uint8_t {
    flowing,
    half_closed,  // FIN is written
    finishing,    // both ends are in order, the leg's TCP has not acknowledged all
    aborting,     // the leg takes what it was handed, and is then reset
  };
  enum class Write : std::uint8_t { peers_bytes, answer };  // which write is in flight
  static constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

  [[nodiscard]] bool answer();
  [[nodiscard]] std::size_t leave_out(std::span<ByteView> pieces);
  void on_written(int result);
  void begin_abort();
  [[nodiscard]] LossCause abort_cause() const;
  void check_abort();
  void begin_finish();
  void check_finish();
  void on_timer();
  void note_last_delivered();
  void report_delivered(std::uint64_t queued_bytes);
  [[nodiscard]] std::uint64_t acknowledged_offset(std::uint64_t queued_bytes) const;
  [[nodiscard]] std::uint64_t delivered_offset(std::uint64_t queued_bytes) const;
  [[nodiscard]] std::uint64_t undelivered_behind(std::uint64_t queued_bytes) const;
  [[nodiscard]] std::uint64_t due_offset() const;
  // Bytes that are written and not acknowledged by the leg's TCP.
  [[nodiscard]] std::uint64_t queued_bytes() const;
  [[nodiscard]] std::uint64_t queued_bytes(const SocketStats& stats) const;

  Loop& loop_;
  Leg& leg_;
  StreamGuide& guide_;
  InStream& in_;
  OutletOwner& owner_;
  State state_ = State::flowing;
  bool failed_ = false;
  Operation write_;
  Write writing_ = Write::peers_bytes;
  std::size_t write_asked_bytes_ = 0;
  std::uint64_t release_limit_ = kNoLimit;  // bytes beyond it are not handed over
  bool fin_queued_ = false;                 // the kernel has a FIN behind all bytes
  Timer timer_;                             // to look at the leg again
  std::optional<LossCause> corrupt_;        // why it aborts, where that is due to the bytes
  TimePoint closing_since_{};
  TimePoint deadline_{};  // of an abort, or of a finish after the session
  std::uint64_t delivered_ = 0;
  std::optional<std::uint64_t> delivered_last_;  // the leg takes nothing beyond this offset
  std::uint64_t taken_seen_bytes_ = 0;           // what the leg had taken, for watch_handing_over()
  TimePoint taken_at_{};
};

}  // namespace longthrow
