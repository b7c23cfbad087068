// SPDX-License-Identifier: Apache-2.0
// One proxied TCP connection on this side: its leg, and the inlet and outlet that read and write
// it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "longthrow/losses.h"
#include "longthrow/status.h"
#include "proxy/base/closing_list.h"
#include "proxy/legs/channel_account.h"
#include "proxy/legs/channel_host.h"
#include "proxy/legs/inlet.h"
#include "proxy/legs/leg.h"
#include "proxy/legs/outlet.h"
#include "proxy/losses/channel_end.h"
#include "proxy/routes/route.h"
#include "proxy/session/channel_core.h"

namespace longthrow {

// How a channel ends (guarantee G1) is in leg_end.h. For the leg's own bytes:
//  - end of stream on the leg: all that was read, then `fin`;
//  - a broken leg: all that was read, then `abort`;
//  - the peer takes no more bytes (`stop`): what is read is thrown away, and once the peer's own
//    bytes are handed over the leg is reset.
// A reset destroys what the kernel has queued. So before one, the leg's TCP has acknowledged
// everything and the program has applied it, as far as the guide knows, or abort_linger is over.
// Belongs to the loop's thread.
class Channel final : public Closable,
                      private LegOwner,
                      private InletOwner,
                      private OutletOwner,
                      private StreamHost {
 public:
  // The route and the group outlive it.
  Channel(ChannelHost& host, ChannelCore& core, Route& route, Group& group, Opener opener);
  ~Channel() override;

  // A channel either adopts a leg that was accepted here, or connects one.
  void adopt_leg(Socket leg) { leg_.adopt(leg); }
  void connect_leg(Leg::Connect what) { leg_.connect(std::move(what)); }

  // --- told by the link
  void on_readable() { outlet_.pump(); }  // core().in has changed
  void on_stopped();                      // the peer takes no more
  void on_corrupt();  // the peer's bytes cannot be had: resets the leg once it is read to its end
  void resume_reading() { inlet_.pump(); }
  // The link is down: the guide may answer in place of the peer's program.
  void on_link_down() { outlet_.answer_now(); }
  // Called every tick: reports how much the leg's TCP has acknowledged, and updates looked().
  void look();
  // The session is over. The leg delivers the bytes that are here, and is then reset; also when it
  // takes nothing for abort_linger. The channel owns `core` from here on.
  void detach(std::unique_ptr<ChannelCore> core);
  // Its group was taken over. The leg delivers the bytes that are here now, none that come later,
  // and is then reset.
  void end_after_delivery();
  void abort(LossCause cause);  // resets the leg at once
  // For a stop or a hold: the leg is read up to what its kernel has now.
  void stop_reading() { inlet_.stop_reading(); }
  // The leg waited for the link since `since`. Reckon as if all its bytes had come then.
  void note_given_since(TimePoint since) { inlet_.note_given_since(since); }

  // --- what it is
  [[nodiscard]] ChannelCore& core() { return *core_; }
  [[nodiscard]] const ChannelCore& core() const { return *core_; }
  [[nodiscard]] bool attached() const override { return owned_core_ == nullptr; }
  [[nodiscard]] Route& route() const { return route_; }
  // The group of the route at the time when the channel was opened.
  [[nodiscard]] Group& group() const { return group_; }
  [[nodiscard]] StreamGuide& guide() { return *guide_; }
  [[nodiscard]] const StreamGuide& guide() const { return *guide_; }
  // Bytes that were read and are in no frame yet.
  [[nodiscard]] IngestStream& stream() { return inlet_.stream(); }
  [[nodiscard]] const IngestStream& stream() const { return inlet_.stream(); }
  // When the leg's bytes came.
  [[nodiscard]] ReadHistory& history() { return inlet_.history(); }
  [[nodiscard]] const Leg& leg() const { return leg_; }
  [[nodiscard]] bool closed() const { return leg_.closed(); }
  [[nodiscard]] bool open() const { return leg_.open(); }
  [[nodiscard]] bool idle() const override;
  [[nodiscard]] ChannelStatus status() const;

  // --- of the leg's bytes
  [[nodiscard]] std::uint64_t read_bytes() const { return inlet_.read_bytes(); }
  // Bytes that are unread in the leg (asks the kernel).
  [[nodiscard]] std::uint64_t unread_bytes() const { return inlet_.unread_bytes(); }
  [[nodiscard]] std::uint64_t unread_before_stop() const { return inlet_.unread_before_stop(); }
  // Bytes that the peer takes no more: read and thrown away, or destroyed unread with the leg.
  [[nodiscard]] std::uint64_t thrown_away_bytes() const { return inlet_.thrown_away_bytes(); }
  // Bytes that are not known to be delivered (asks the kernel while the leg is open).
  [[nodiscard]] std::uint64_t unproven_bytes() const;
  // When this node first saw the byte at `offset`, read or unread. Exact to a tick.
  [[nodiscard]] std::optional<TimePoint> given_at(std::uint64_t offset) const {
    return inlet_.given_at(offset);
  }

  // --- of the peer's bytes: see Outlet
  [[nodiscard]] std::uint64_t undelivered_bytes() const { return outlet_.undelivered_bytes(); }
  [[nodiscard]] std::uint64_t lost_bytes() const { return outlet_.lost_bytes(); }
  // REQUIRES: closed(). See Outlet.
  [[nodiscard]] std::uint64_t untaken_bytes() const { return outlet_.untaken_bytes(); }
  [[nodiscard]] std::uint64_t left_out_bytes() const { return outlet_.left_out_bytes(); }
  // unread_bytes() and undelivered_bytes() at the last look().
  struct Looked {
    std::uint64_t unread_bytes = 0;
    std::uint64_t undelivered_bytes = 0;
  };
  [[nodiscard]] const Looked& looked() const { return looked_; }

  // --- of its end
  // The leg is closed, or its program will say nothing more. Not: the peer takes no more of it.
  [[nodiscard]] bool has_ended() const override { return closed() || inlet_.ended(); }
  [[nodiscard]] const LossCause& end_cause() const { return end_cause_; }
  [[nodiscard]] bool was_aborted() const { return closed_how_ != ClosedHow::in_order; }
  // Whether an end of our target now would be in the middle: the peer goes on.
  [[nodiscard]] bool breaks_in_the_midst() const;
  // REQUIRES: closed().
  [[nodiscard]] ChannelEnd::How how_it_ended() const;

  const Opener opener;
  std::uint64_t serial = 0;  // counts the link's channels
  ChannelAccount account;    // kept by the link

 private:
  enum class ClosedHow : std::uint8_t {
    in_order,
    reset,
    broken,  // our target broke in the middle of the peer's bytes
  };

  // --- LegOwner
  void on_leg_open() override;
  void on_leg_failed(const LossCause& cause) override;
  // --- InletOwner
  [[nodiscard]] bool may_read() const override;
  [[nodiscard]] ByteSpan garbage() override { return host_.garbage(); }
  [[nodiscard]] std::int64_t wall_ns() const override { return host_.wall_ns(); }
  void on_read(std::uint64_t bytes) override;
  void on_end_due(EndKind kind) override { host_.channel_end(*this, kind); }
  void on_leg_said_last(EndKind kind) override;
  // --- OutletOwner
  void on_handed_over(std::uint64_t bytes) override;
  void on_delivered(std::uint64_t offset) override;
  void on_write_failed() override;
  void on_shown() override { heed_guide(); }
  [[nodiscard]] bool may_answer() const override { return attached() && host_.in_outage(); }
  [[nodiscard]] LegFacts facts() const override;
  [[nodiscard]] Duration abort_linger() const override { return host_.abort_linger(); }
  [[nodiscard]] bool all_read() const override { return !attached() || inlet_.all_read(); }
  void on_leg_over(CloseMode mode, LossCause cause) override;
  // --- StreamHost
  [[nodiscard]] std::uint64_t channel_id() const override { return core_->id; }
  [[nodiscard]] bool open_at_both_ends() const override;
  [[nodiscard]] bool leg_closed() const override { return closed(); }
  void end_soon(const LossCause& cause) override;

  void heed_guide();
  void on_end_soon_timer();

  ChannelHost& host_;
  ChannelCore* core_;
  std::unique_ptr<ChannelCore> owned_core_;  // after detach
  Route& route_;
  Group& group_;
  Leg leg_;
  std::unique_ptr<StreamGuide> guide_;
  Inlet inlet_;
  Outlet outlet_;
  Timer end_soon_timer_;
  LossCause end_soon_cause_;
  std::uint64_t end_soon_left_bytes_ = 0;  // undelivered, when the timer last ran
  Looked looked_;
  LossCause end_cause_;
  ClosedHow closed_how_ = ClosedHow::in_order;
  bool cut_ = false;  // Longthrow ended it, not one of the two programs
};

}  // namespace longthrow
