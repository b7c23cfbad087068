// SPDX-License-Identifier: Apache-2.0
// One proxied TCP connection on this side: its leg, what is read from it and what is written to it.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "longthrow/loop.h"
#include "longthrow/losses.h"
#include "longthrow/status.h"
#include "proxy/base/closing_list.h"
#include "proxy/guides/stream_guide.h"
#include "proxy/ingest/ingest.h"
#include "proxy/legs/channel_host.h"
#include "proxy/losses/channel_end.h"
#include "proxy/routes/route.h"
#include "proxy/session/channel_core.h"
#include "proxy/session/read_history.h"

namespace longthrow {

// The rules of its end (guarantee G1):
//  - end of stream on the leg: all that was read, then `fin`;
//  - a broken leg: all that was read, then `abort`;
//  - the peer's `fin`, after all bytes: FIN to the leg; after both ends the leg is closed when its
//    TCP has acknowledged all bytes;
//  - the peer's `abort`, after all bytes: RST, once the leg's TCP has acknowledged everything or
//    abort_linger is over (a reset destroys what is queued).
//  - a failing write stops the peer's bytes only: what the leg still has to say goes on.
//  - the peer takes no more bytes (`stop`): what is read is thrown away, and once the peer's own
//    bytes are handed over the leg is reset.
//  - the guide of its protocol may hold an end back; the leg is reset only when the program has
//    applied what it was handed, as far as the guide knows, or abort_linger is over.
//  - while the link is down, the guide may answer in the stead of the peer's program.
//  - the session is over (`detach`): what is here is handed over, then the leg is reset; also if it
//    takes nothing for abort_linger.
// Belongs to the loop's thread.
class Channel final : public Closable, private IngestStreamOwner, private StreamHost {
 public:
  static constexpr Duration kConnectTimeout = std::chrono::seconds(10);

  // The route and the group outlive it.
  Channel(ChannelHost& host, ChannelCore& core, Route& route, Group& group, Opener opener);
  ~Channel() override;

  // Either the leg is there already (it was accepted here) ...
  void adopt_leg(Socket leg);
  // ... or it is connected to `target`, each of its addresses in turn, from `source`; or, without
  // one, from `usual_source` where that can reach the address.
  void connect_leg(const HostPort& target, const std::optional<Endpoint>& source,
                   const std::optional<Endpoint>& usual_source);

  // --- told by the link
  void on_readable();  // core().in has news
  void on_stopped();   // the peer takes no more
  void on_corrupt();   // the peer's bytes cannot be had: abort at once
  void resume_reading() { pump_read(); }
  // The link is down: the guide may answer in the peer's stead.
  void on_link_down() { answer_now(); }
  // Once in a while: asks the kernel, tells how much the leg's TCP has acknowledged, and keeps what
  // else it said in looked().
  void look();
  // The session is over. `core` becomes the channel's own.
  void detach(std::unique_ptr<ChannelCore> core);
  // Takeover of its group: hands over what is here now, nothing that comes later, then resets the
  // leg.
  void end_after_delivery();
  // Drops the leg at once.
  void abort(LossCause cause);

  // When the byte at `offset` of the leg was seen first, read or unread; known to a tick.
  [[nodiscard]] std::optional<TimePoint> given_at(std::uint64_t offset) const;
  // The leg waited before it came here: what it holds may all have come then.
  void note_given_since(TimePoint since);

  [[nodiscard]] ChannelCore& core() { return *core_; }
  [[nodiscard]] const ChannelCore& core() const { return *core_; }
  [[nodiscard]] bool attached() const { return owned_core_ == nullptr; }
  // What it has read and is in no frame yet.
  [[nodiscard]] IngestStream& stream() { return stream_; }
  [[nodiscard]] const IngestStream& stream() const { return stream_; }
  [[nodiscard]] Route& route() const { return route_; }
  // That of the route when the channel was opened.
  [[nodiscard]] Group& group() const { return group_; }
  [[nodiscard]] bool closed() const { return leg_state_ == LegState::closed; }
  [[nodiscard]] bool open() const { return leg_state_ == LegState::open; }
  // What is known of its protocol.
  [[nodiscard]] StreamGuide& guide() { return *guide_; }
  [[nodiscard]] const StreamGuide& guide() const { return *guide_; }
  [[nodiscard]] bool idle() const override;
  // Read from the leg so far, and still unread in it (asks the kernel).
  [[nodiscard]] std::uint64_t read_bytes() const { return read_bytes_; }
  [[nodiscard]] std::uint64_t unread_bytes() const;
  // Of the leg: read, or destroyed unread with it, when nobody wanted them any more.
  [[nodiscard]] std::uint64_t thrown_away_bytes() const { return thrown_away_bytes_; }
  // As unread_bytes() and undelivered_bytes() were at the last look().
  struct Looked {
    std::uint64_t unread_bytes = 0;
    std::uint64_t undelivered_bytes = 0;
  };
  [[nodiscard]] const Looked& looked() const { return looked_; }
  // Written to the leg and not yet acknowledged by it (asks the kernel), or not yet written.
  [[nodiscard]] std::uint64_t undelivered_bytes() const;
  [[nodiscard]] ChannelStatus status() const;
  [[nodiscard]] const std::string& end_reason() const { return end_cause_.text; }
  [[nodiscard]] const LossCause& end_cause() const { return end_cause_; }
  // Of the peer's bytes that have come here by now, those that the leg's TCP had not acknowledged
  // when it took its last. Grows while more come that are thrown away.
  [[nodiscard]] std::uint64_t lost_bytes() const;
  // Of the leg's bytes, those that nobody knows to be delivered (asks the kernel while it is open).
  [[nodiscard]] std::uint64_t unproven_bytes() const;
  // Our target, if it breaks now, does so while the peer goes on.
  [[nodiscard]] bool breaks_in_the_midst() const;
  // REQUIRES: closed().
  [[nodiscard]] ChannelEnd::How how_it_ended() const;
  // Bytes received that the target's TCP has not acknowledged, once the leg is closed.
  [[nodiscard]] std::uint64_t untaken_bytes() const {
    return core_->in.contiguous_offset() - delivered_;
  }
  [[nodiscard]] bool was_aborted() const { return aborted_; }
  // The node is to stop: what its kernel has accepted by now is still read, and nothing after it.
  void stop_reading() { stop_offset_ = read_bytes_ + unread_bytes(); }
  [[nodiscard]] std::uint64_t unread_before_stop() const {
    if (closed() || read_ended_ || discard_reads_) return 0;
    return stop_offset_ - std::min(stop_offset_, read_bytes_);
  }

  const bool opened_here;
  std::uint64_t serial = 0;                // of the link's map of channels
  bool loss_noted = false;                 // by the link: what was under way to the peer
  LossCause loss_cause;                    // of that
  std::uint64_t late_bytes_told = 0;       // by the link, of thrown_away_bytes()
  std::uint64_t short_bytes_told = 0;      // to drains that begin later
  std::uint64_t lost_bytes_noted = 0;      // by the link, of lost_bytes()
  std::uint64_t newest_serial_at_end = 0;  // of the link's channels when the leg was closed
  // Kept by the link when it ends: the peer says nothing more of our bytes; or it is waited for
  // since then, and was so far.
  bool over = false;
  TimePoint final_since{};
  std::uint64_t final_offset = 0;
  ReadHistory history;  // of the leg

 private:
  enum class LegState : std::uint8_t { connecting, open, closed };

  void connect_next();
  void on_resolved(int result);
  void on_connected(int result);
  void on_leg_open();

  void pump_read();
  [[nodiscard]] bool may_begin_read() const;
  [[nodiscard]] bool wants_bytes() const;
  void read_into_block();
  void on_readable_leg(int result);
  void on_read(int result);
  void on_read_bytes(std::uint32_t bytes);
  void throw_away(std::uint64_t bytes);
  void on_slab() override;
  void on_block_done() override { send_pending_end(); }
  void heed_guide();
  // --- StreamHost
  [[nodiscard]] std::uint64_t channel_id() const override { return core_->id; }
  [[nodiscard]] bool open_at_both_ends() const override;
  [[nodiscard]] bool has_ended() const override { return closed() || read_ended_; }
  [[nodiscard]] bool leg_closed() const override { return closed(); }
  void end_soon(const LossCause& cause) override;
  void on_end_soon_timer();
  void end_reading(EndKind kind);
  void send_pending_end();

  void pump_write();
  void answer_now();
  [[nodiscard]] bool answer();
  [[nodiscard]] std::size_t leave_out(std::span<ByteView> pieces);
  void hand_over(std::uint64_t bytes);
  void on_written(int result);
  void after_write();
  void note_last_delivered();
  void report_delivered();
  void report_delivered(std::uint64_t queued_bytes);
  [[nodiscard]] std::uint64_t acknowledged_offset(std::uint64_t queued_bytes) const;
  [[nodiscard]] std::uint64_t delivered_offset(std::uint64_t queued_bytes) const;
  [[nodiscard]] std::uint64_t undelivered_bytes(std::uint64_t queued_bytes) const;
  void begin_close();
  void check_close();
  // Of the leg: written, not acknowledged by its TCP; what has come and was not read.
  [[nodiscard]] std::uint64_t queued_bytes() const;
  [[nodiscard]] std::uint64_t queued_bytes(const SocketStats& stats) const;
  [[nodiscard]] std::uint64_t unread_bytes(const SocketStats& stats) const;
  void begin_abort();
  void check_abort();
  void watch_handing_over();
  void on_timer();
  void close_leg(CloseMode mode, LossCause cause);

  ChannelHost& host_;
  Loop& loop_;
  ChannelCore* core_;
  std::unique_ptr<ChannelCore> owned_core_;  // after detach
  Route& route_;
  Group& group_;

  std::unique_ptr<StreamGuide> guide_;
  std::vector<std::byte> discarded_;  // where bytes that only the guide wants are read to
  bool answering_ = false;            // the write in flight is an answer of the guide's
  Timer end_soon_timer_;
  LossCause end_soon_cause_;

  LegState leg_state_ = LegState::connecting;
  Socket leg_;
  Operation connect_;
  Resolution resolution_;
  bool resolving_ = false;
  std::vector<Endpoint> addresses_;
  std::size_t next_address_ = 0;
  std::optional<Endpoint> source_;
  std::optional<Endpoint> usual_source_;
  Timer timer_;  // connecting: its timeout; aborting: looks again

  // Reading.
  IngestStream stream_;
  Operation readable_;
  Operation read_;
  bool reading_garbage_ = false;  // the receive in flight goes nowhere
  bool discard_reads_ = false;
  bool read_ended_ = false;
  bool read_ended_in_order_ = false;
  std::optional<EndKind> pending_end_;
  std::uint64_t read_bytes_ = 0;
  std::uint64_t thrown_away_bytes_ = 0;

  // Writing.
  Operation write_;
  std::size_t write_asked_bytes_ = 0;
  bool write_failed_ = false;
  std::optional<std::uint64_t> last_offset_;  // nothing beyond is handed over
  std::uint64_t stop_offset_ = 0;  // while the node stops: what was given by then ends here
  bool fin_written_ = false;
  bool fin_queued_ = false;  // in the kernel, behind all bytes
  bool finishing_ = false;   // both ends are clean, the leg's TCP has not acknowledged all
  TimePoint closing_since_{};
  TimePoint close_deadline_{};
  bool aborting_ = false;
  TimePoint abort_deadline_{};
  Looked looked_;
  std::uint64_t delivered_ = 0;  // acknowledged by the leg's TCP when that was last looked at
  std::uint64_t taken_seen_bytes_ = 0;  // by the leg, see watch_handing_over
  TimePoint taken_at_{};

  LossCause end_cause_;
  std::optional<std::uint64_t> delivered_last_;  // the leg takes nothing beyond this offset
  bool aborted_ = false;
  bool broken_ = false;  // by our target, in the middle of the peer's bytes
  bool cut_ = false;     // not by one of the two programs
};

}  // namespace longthrow
