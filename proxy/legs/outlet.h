// SPDX-License-Identifier: Apache-2.0
// One direction of a channel: what the peer has sent, to its leg.
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

// Belongs to the loop's thread. Leg, guide and stream outlive it, or are gone when it is idle.
class Outlet {
 public:
  struct Parts {
    Loop& loop;
    Leg& leg;
    StreamGuide& guide;
    InStream& in;
  };
  Outlet(const Parts& parts, OutletOwner& owner);
  ~Outlet() { loop_.disarm(timer_); }
  Outlet(const Outlet&) = delete;
  Outlet& operator=(const Outlet&) = delete;

  void pump();
  // Nothing can be written now, or something else has changed: is an end due?
  void look_at_end();
  // The guide may have an answer to give.
  void answer_now();
  // Nothing beyond what is here now is handed over.
  void limit_release();
  // The peer's bytes cannot be had: no more of them is handed over. The leg is reset once it has
  // taken all that it was handed, and all that it has said is read.
  void end_corrupt(LossCause cause);
  // Nobody but the leg has a say any more: one that takes nothing for abort_linger is reset.
  void watch_handing_over();
  // The leg is about to be closed: what its TCP has acknowledged by now counts.
  void settle(CloseMode mode);
  // The leg is closed.
  void on_leg_closed() { loop_.disarm(timer_); }

  // A write has failed: nothing more can be written.
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] bool aborting() const { return state_ == State::aborting; }
  [[nodiscard]] bool finishing() const { return state_ == State::finishing; }
  [[nodiscard]] bool corrupt() const { return corrupt_.has_value(); }
  [[nodiscard]] bool limited() const { return release_limit_ != kNoLimit; }
  [[nodiscard]] bool idle() const { return !write_.in_flight(); }

  // Acknowledged by the leg's TCP when that was last looked at.
  [[nodiscard]] std::uint64_t delivered_offset() const { return delivered_; }
  // Of the peer's bytes that have come here by now, those that the leg's TCP had not acknowledged
  // when it took its last. Grows while more come that are thrown away.
  [[nodiscard]] std::uint64_t lost_bytes() const;
  // Written to the leg and not yet acknowledged by it (asks the kernel), or not yet written.
  [[nodiscard]] std::uint64_t undelivered_bytes() const;
  [[nodiscard]] std::uint64_t undelivered_bytes(const SocketStats& stats) const;
  // Tells how much the leg's TCP has acknowledged. REQUIRES: the leg is open.
  void report_delivered(const SocketStats& stats) { report_delivered(queued_bytes(stats)); }

 private:
  enum class State : std::uint8_t {
    flowing,
    half_closed,  // FIN is written
    finishing,    // both ends are in order, the leg's TCP has not acknowledged all
    aborting,     // it will be reset, and may take what it was handed before
  };
  enum class Write : std::uint8_t { peers_bytes, answer };  // what is in flight
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
  // Written, not acknowledged by the leg's TCP.
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
  std::uint64_t release_limit_ = kNoLimit;  // nothing beyond this offset is handed over
  bool fin_queued_ = false;                 // in the kernel, behind all bytes
  Timer timer_;                             // to look at the leg again
  std::optional<LossCause> corrupt_;        // why it aborts, where that is due to the bytes
  TimePoint closing_since_{};
  TimePoint deadline_{};  // of an abort, or of a finish that nobody is told of
  std::uint64_t delivered_ = 0;
  std::optional<std::uint64_t> delivered_last_;  // the leg takes nothing beyond this offset
  std::uint64_t taken_seen_bytes_ = 0;           // by the leg, see watch_handing_over
  TimePoint taken_at_{};
};

}  // namespace longthrow
