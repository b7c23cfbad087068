// SPDX-License-Identifier: Apache-2.0
// The channels of a link, from their opening to the moment they are forgotten. Joins the legs with
// the session and the ingest.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "proxy/legs/channel.h"
#include "proxy/relay/channel_ends.h"
#include "proxy/relay/peer.h"

namespace longthrow {

// Belongs to the loop's thread.
class Channels final : public ChannelHost, private ClosableOwner {
 public:
  using All = std::map<std::uint64_t, std::unique_ptr<Channel>>;  // by serial

  struct Hooks {
    std::function<void()> wake;
    std::function<void()> refresh;       // called when the set of open routes may have changed
    std::function<void()> all_gone;      // called when the last channel is forgotten
    std::function<void(Channel&)> read;  // called when a leg was read
  };
  struct Parts {
    LinkContext& context;
    const LinkConfig& config;
    LinkLog& log;
    Stops& stops;
    LinkBuffer& buffer;
    RouteTable& routes;
    Peer& peer;
    ChannelEnds& ends;
  };
  Channels(const Parts& parts, Hooks hooks);
  ~Channels() override;

  [[nodiscard]] const All& all() const { return channels_; }
  // Opens a channel for an accepted leg. `said_since`: it waited, and its first bytes came then.
  void open(Route& route, Socket leg, std::optional<TimePoint> said_since);
  void on_event(const SessionEvent& event);
  void on_link_down();
  void resume_reading();  // called when a hold has ended
  // Called every tick: asks the kernel about the legs.
  void look();
  // The node is going to stop: legs are read up to what came by now, or when their group was held.
  void stop_reading();
  // Takes all channels out of `session`: their legs deliver what is here, and are then reset.
  void end_session(Session& session, const LossCause& cause);
  // Aborts the channels of `route` that belong to the session.
  void abort_route(const Route& route, const LossCause& cause);
  // Aborts all channels, also those whose legs still deliver the bytes of an earlier session.
  void abort_all(const LossCause& cause);
  // Aborts the channels whose legs have nothing left to deliver.
  void abort_delivered(const LossCause& cause);
  // The group was taken over: its legs deliver the bytes that are here, and are then reset.
  void hand_over(const Group& group);
  void abort_hand_over(const Group& group);

  struct Counts {
    std::uint64_t read_bytes = 0;
    std::uint64_t delivered_bytes = 0;
    std::uint64_t aborted_channels = 0;
  };
  [[nodiscard]] const Counts& counts() const { return counts_; }

  // --- ChannelHost
  Loop& loop() override { return loop_; }
  Ingest& ingest() override { return buffer_.ingest(); }
  [[nodiscard]] bool reading_allowed(const Channel& channel) const override;
  [[nodiscard]] bool in_outage() const override;
  [[nodiscard]] std::int64_t wall_ns() const override { return peer_.wall_ns(); }
  [[nodiscard]] Duration abort_linger() const override { return config_.abort_linger; }
  ByteSpan garbage() override { return context_.garbage; }
  void channel_read(Channel& channel, std::uint64_t bytes) override;
  void channel_written(Channel& channel, std::uint64_t bytes) override;
  void channel_delivered(Channel& channel, std::uint64_t offset) override;
  void channel_end(Channel& channel, EndKind kind) override;
  void channel_stop(Channel& channel) override;
  void channel_is_express(Channel& channel) override;
  void channel_closed(Channel& channel) override;

 private:
  Channel& add(ChannelCore& core, Route& route, Opener opener);
  void on_opened(ChannelCore& core);
  [[nodiscard]] std::vector<Channel*> open_ones() const;
  void on_stopped(Channel& channel);
  void note_carried(const Channel& channel);
  void note_ended(Channel& channel);
  void tell_others();
  void note_abort(const Channel& channel);
  void on_joined(Closable&) override { reap_soon(); }
  void reap_soon();
  void reap();
  [[nodiscard]] bool may_be_forgotten(Channel& channel);
  [[nodiscard]] bool waits_for_final_mark(Channel& channel);
  void forget(Channel& channel);

  LinkContext& context_;
  Loop& loop_;
  const LinkConfig& config_;
  LinkLog& log_;
  Stops& stops_;
  LinkBuffer& buffer_;
  RouteTable& routes_;
  Peer& peer_;
  ChannelEnds& ends_;
  Hooks hooks_;
  All channels_;
  std::vector<Channel*> ended_;    // their end concerns other channels, which have not been told
  std::vector<Channel*> closing_;  // their legs are closed
  bool awaits_marks_ = false;      // some of these wait for the far side, and that has its time
  Timer reap_timer_;
  Counts counts_;
};

}  // namespace longthrow
