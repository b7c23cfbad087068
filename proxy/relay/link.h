// SPDX-License-Identifier: Apache-2.0
// A link at work: joins lanes, session, buffer, codecs and legs. This is the one large class.
//
// link.cc         its life, its sessions, its timers
// link_copies.cc  how new our copies of the peer's data are
// link_drain.cc   what drains wait for, and what became of the bytes of channels that end
// link_data.cc    the data path: scheduling, sending, receiving
// link_drbd.cc    which channels are DRBD's pairs, and what it says of its disks
// link_losses.cc  what is destroyed, and why
// link_health.cc  whether the copies can be trusted
// link_notices.cc what is held, paused or fenced
// link_routes.cc  inside listeners and channels
// link_numbers.cc rates, lag, what limits
// link_settings.cc what an administrator sets and stops
// link_status.cc  what the status shows
// link_takeover.cc what a takeover ends, hands over and destroys
// link_waiting.cc connections that come while the link is down
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "longthrow/node.h"
#include "proxy/groups/copies_file.h"
#include "proxy/groups/copy_age.h"
#include "proxy/groups/drain_watch.h"
#include "proxy/groups/notices.h"
#include "proxy/groups/route_health.h"
#include "proxy/ingest/frame_decoder.h"
#include "proxy/ingest/ingest.h"
#include "proxy/legs/channel.h"
#include "proxy/legs/inside_listener.h"
#include "proxy/legs/waiting_legs.h"
#include "proxy/losses/loss_ledger.h"
#include "proxy/relay/frame_sender.h"
#include "proxy/relay/rates.h"
#include "proxy/session/session.h"
#include "proxy/uplink/fault_count.h"
#include "proxy/uplink/uplink.h"

namespace longthrow {

// What all links of a node share; outlives them.
struct LinkContext {
  NodeParts parts;
  std::string node;
  Incarnation incarnation;
  ClosingList& closing_list;
  FrameJobs& jobs;
  ByteSpan garbage;
  LossLedger& losses;
};

// Belongs to the loop's thread.
class Link final : public UplinkOwner, public ChannelHost, public WaitingLegsOwner {
 public:
  Link(LinkContext& context, std::string name, LinkConfig config);
  ~Link() override;

  // --- life
  [[nodiscard]] Result<void> start(const std::map<std::string, RouteConfig>& routes,
                                   const std::map<std::string, GroupConfig>& groups);
  [[nodiscard]] Uplink& uplink() { return uplink_; }
  void note_refused() { ++totals_.refused_peers; }
  // Stops taking bytes in; what is buffered goes on being delivered.
  void begin_stop();
  [[nodiscard]] bool drained() const;
  // Of what is left nothing will be delivered: for kGoneAfter, since `stop_began` at the earliest,
  // the peer's host has answered that no node is there, and with the peer's process the session is
  // gone. A cut, through which nothing is heard, is no such answer.
  [[nodiscard]] bool nobody_can_come(TimePoint stop_began) const;
  // Ends everything, then wait for idle().
  void stop(const LossCause& cause);
  [[nodiscard]] bool idle() const;
  // After stop(): whatever the targets still have to take.
  void abort_channels(const LossCause& cause);

  [[nodiscard]] const std::string& name() const { return name_; }

  // --- settings and commands
  [[nodiscard]] const LinkConfig& config() const { return config_; }
  [[nodiscard]] Result<void> set_memlimit(std::uint64_t bytes);
  void set_compression(const CompressionSetting& setting);
  void set_bandwidth(std::uint64_t bytes_s);
  // Could a link of this name run so? `memlimit_max`: what its arena can ever be raised to.
  [[nodiscard]] static Result<void> check(const std::string& name, const LinkConfig& config,
                                          const std::map<std::string, RouteConfig>& routes,
                                          std::uint64_t memlimit_max);
  [[nodiscard]] std::uint64_t memlimit_max() const { return memlimit_max_; }
  // What a reload may change. Routes and groups are those of this link; with `keep_set_values`,
  // what `set` changed acts on where the configuration has not changed. REQUIRES: check() passed.
  void reload(const LinkConfig& config, const std::map<std::string, RouteConfig>& routes,
              const std::map<std::string, GroupConfig>& groups, bool keep_set_values);
  void pause();
  void resume();
  [[nodiscard]] bool paused() const { return paused_since_.has_value(); }
  // Takeover: ends the session for good; no new one until unfenced. For a group: its channels and
  // routes.
  void fence();
  void unfence();
  [[nodiscard]] bool fenced() const { return fenced_; }
  // A fence was made before the node's start: say it before fencing. Group "": of the link.
  void set_fenced_since(const std::string& group, WallTime since, const std::string& by);
  void fence_group(const std::string& group);
  void unfence_group(const std::string& group);
  [[nodiscard]] bool has_group(const std::string& group) const;
  [[nodiscard]] std::set<std::string> group_names() const;
  [[nodiscard]] bool up() const { return uplink_.up() && session_ != nullptr; }
  void hold_group(const std::string& group, bool held);
  [[nodiscard]] bool group_held(const std::string& group) const {
    return held_groups_.contains(group);
  }
  // Drains (link_drain.cc). `watch_drain` adds what the group has accepted by now to what drain
  // `id` waits for, and what it had lost before. `held`: no more input is read, so a barrier that
  // DRBD has not sent yet is not waited for.
  using DrainId = std::uint64_t;
  void watch_drain(DrainId id, const std::string& group, bool held);
  [[nodiscard]] DrainLeft drain_left(DrainId id);
  void forget_drain(DrainId id) { drains_.erase(id); }
  // Why nothing gets on now; "" while the link is up.
  [[nodiscard]] const std::string& down_reason() const { return uplink_.down_reason(); }
  // Takeover (link_takeover.cc): bytes that this node has accepted as the source of a group and
  // that are not delivered there; what the group's channels have still to hand over here.
  [[nodiscard]] std::uint64_t source_bytes(const std::string& group) const;
  struct HandOver {
    std::size_t legs = 0;  // that are open
    std::uint64_t bytes = 0;
    std::uint64_t lost_bytes = 0;  // of those that the fence has closed
    void add(const HandOver& more) {
      legs += more.legs;
      bytes += more.bytes;
      lost_bytes += more.lost_bytes;
    }
  };
  [[nodiscard]] HandOver hand_over(const std::string& group) const;
  void end_hand_over(const std::string& group);
  // Of ours: accepted, not yet delivered there.
  [[nodiscard]] std::uint64_t undelivered_bytes() const;
  [[nodiscard]] std::optional<double> rtt_ms() const;
  // `done` is called with the round trip in ms, or nothing when the link went down.
  void ping(std::function<void(std::optional<double>)> done);
  // As of when our copies are, from an earlier start of the node, and for the next.
  void restore_copies(const SavedCopies& copies);
  void add_copies(SavedCopies& copies) const;
  [[nodiscard]] bool has_channels() const { return !channels_.empty(); }

  void fill_status(Status& status) const;
  // For the simulator: damages a stored frame of the `which`th channel; false: it has none.
  bool damage_stored_frame(std::uint64_t which);

  // --- UplinkOwner
  // A stopping node goes on until what its session has is delivered; it begins no new one.
  [[nodiscard]] bool wants_lanes() const override {
    return !stopped_ && !(stopping_ && session_ == nullptr);
  }
  [[nodiscard]] std::optional<wire::Bye> own_bye() const override;
  [[nodiscard]] std::optional<Duration> rtt() const override;
  void on_uplink_up() override;
  void on_uplink_down() override;
  void on_lane_down(LaneId lane) override;
  Result<void> on_record(Lane& lane, const wire::RecordView& record) override;
  void on_peer_bye(const wire::Bye& bye) override;
  void on_session_over(const LossCause& cause) override { end_session(cause); }
  void ask_peer() override;
  void on_heartbeat_due() override;
  void wake() override;
  // --- ChannelHost
  Loop& loop() override { return loop_; }
  Ingest& ingest() override { return *ingest_; }
  [[nodiscard]] bool reading_allowed(const Channel& channel) const override;
  [[nodiscard]] bool answers_pings(const Channel& channel) const override;
  [[nodiscard]] std::int64_t wall_ns() const override;
  [[nodiscard]] Duration abort_linger() const override { return config_.abort_linger; }
  ByteSpan garbage() override { return context_.garbage; }
  void channel_read(Channel& channel, std::uint64_t bytes) override;
  void channel_judged(Channel& channel) override;
  void channel_written(Channel& channel, std::uint64_t bytes) override;
  void channel_delivered(Channel& channel, std::uint64_t offset) override;
  void channel_end(Channel& channel, EndKind kind) override;
  void channel_stop(Channel& channel) override;
  void channel_is_express(Channel& channel) override;
  void channel_is_settled(Channel& channel) override;
  void channel_closed(Channel& channel) override;
  // --- WaitingLegsOwner
  [[nodiscard]] Admission on_leg_waited(const std::string& route, Socket leg,
                                        std::optional<TimePoint> said_since) override;

 private:
  static constexpr Duration kTick = std::chrono::milliseconds(250);
  static constexpr Duration kGoneAfter = std::chrono::seconds(5);
  static constexpr Duration kListenAgain = std::chrono::seconds(1);
  static constexpr int kQuietListenTries = 3;  // kTick apart, before it is an error

  struct RoutePort {
    std::string name;
    RouteConfig config;
    std::unique_ptr<InsideListener> listener;  // null: closed
    int listen_failures = 0;                   // since it was last open or not to be open
    TimePoint listen_again_at = kNever;
    std::string reason;               // why closed, or the last failure of a channel
    std::uint64_t reason_serial = 0;  // channels with higher ones came after
    std::uint64_t channels_total = 0;
    drbd::StreamCounters drbd_sent;  // of channels that are gone
    drbd::StreamCounters drbd_received;
    std::uint64_t pings_answered = 0;
    drbd::DisksByVolume disks;  // as last said there
    RouteHealth health;
    // Of the channel that was judged last.
    InnerEncryption::Kind inner_encryption = InnerEncryption::Kind::undecided;
  };
  struct GroupFate {
    // Of channels that have ended, none has caught up since: what the target did not acknowledge.
    std::uint64_t short_bytes = 0;
    std::string short_reason;
    std::uint64_t short_serial = 0;
    std::uint64_t taken_lost_bytes = 0;  // received, and not taken by the target since the fence
    // The copy is known from before a restart, and no channel has come since.
    bool restored = false;
    CopyAge copy;             // of the peer's data, here
    std::size_t streams = 0;  // that our copy consists of, when it was last looked at
  };

  // Sessions (link.cc).
  void note_peer_paused(bool paused);
  void end_session(const LossCause& cause);
  void on_tick();
  void check_session_timeout(TimePoint now);
  void say_gated(LogLevel level, const std::string& key, const std::string& line) {
    log_.say(loop_.now(), level, key, line);
  }

  // The data path (link_data.cc).
  void pump();
  void send();
  void handle_events();
  void handle_event(const SessionEvent& event);
  void on_partial_timer();
  void watch_partials();
  [[nodiscard]] Ingest::Outlook outlook() const;
  [[nodiscard]] Result<void> take_record(Lane& lane, const wire::RecordView& record);
  [[nodiscard]] Result<void> on_frame(LaneKind lane, const wire::RecordView& record);
  void on_heartbeat_echo(ByteView body);
  void approach_memlimit();

  // Routes and channels (link_routes.cc).
  void refresh_routes();
  void open_listener(RoutePort& port);
  void close_listener(RoutePort& port);
  void on_listen_failed(RoutePort& port, const Error& error);
  void retry_listeners(TimePoint now);
  void accept_leg(RoutePort& port, Socket leg);
  [[nodiscard]] bool may_open(const RoutePort& port) const;
  // Connections may come now and wait until the link is up, or the route is ready.
  [[nodiscard]] bool may_wait(const RoutePort& port) const;
  void open_leg(RoutePort& port, Socket leg, std::optional<TimePoint> said_since);
  void note_waiting_lost(RoutePort& port, const WaitingLegs::Unread& lost, const LossCause& cause);
  void drop_waiting(RoutePort& port, const LossCause& cause);
  [[nodiscard]] LossCause why_none_waits(const RoutePort& port) const;
  void look_at_waiting();
  void note_reason(RoutePort& port, const std::string& reason) const;
  void on_opened(ChannelCore& core);
  Channel& add_channel(ChannelCore& core, const std::string& route, bool opened_here);
  void reap_channels();
  void channel_gone(Channel& channel);
  [[nodiscard]] std::vector<LocalRoute> local_routes() const;
  [[nodiscard]] bool route_shut(const RoutePort& port) const;
  [[nodiscard]] drbd::DisksByVolume disks_of(const RoutePort& port) const;
  // Why DRBD's copies are not to be used; "" if nothing is against it.
  [[nodiscard]] std::string disk_trouble(const RoutePort& port) const;
  // Its DRBD has stopped mirroring: what arrives makes our copy no newer.
  [[nodiscard]] bool peer_is_ahead(const std::string& group) const;
  void keep_drbd_numbers(const Channel& channel);
  [[nodiscard]] DrbdStatus drbd_status(const RoutePort& port) const;
  [[nodiscard]] bool old_pair_lives(const RoutePort& port) const;
  [[nodiscard]] Channel* meta_for(const Channel& data);
  void partner_ends(Channel& channel);
  void set_ports(const std::map<std::string, RouteConfig>& routes);
  void update_receive_window();
  void log_mismatches();

  // Our copies of the peer's data (link_copies.cc).
  struct Proof {
    std::string name;  // source | none
    std::string reason;
  };
  [[nodiscard]] std::map<std::string, std::size_t> count_streams() const;
  void note_copies();
  [[nodiscard]] bool stands_still(const std::string& group) const;
  void say_marks(TimePoint now);
  [[nodiscard]] Proof proof_of(const std::string& group, const GroupFate& fate) const;
  void fill_inbound(const std::string& name, const GroupFate& fate, GroupStatus& group) const;

  // Whether the copies can be trusted (link_health.cc).
  enum class ChannelMoment : std::uint8_t { closed, gone };
  void note_channel_end(Channel& channel, ChannelMoment moment);
  struct Lost {
    std::uint64_t bytes = 0;
    LossPlace place = LossPlace::to_peer;
    std::uint64_t perhaps_delivered_bytes = 0;
  };
  // A peer says it without its reason.
  static constexpr const char* kPeerTakesNoMore =
      "the peer takes no more: its target closed the connection, broke or could not be reached, or "
      "the peer gave the connection up (its log and its losses say why)";
  void note_end(const Channel& channel, const Lost& lost, ChannelEnd::How how,
                const LossCause& cause);
  std::uint64_t note_untaken(Channel& channel, ChannelEnd::How how, const LossCause& cause);
  void note_unproven(Channel& channel, ChannelEnd::How how, const LossCause& cause);
  // The first bytes of a channel have come, from its leg or from the peer.
  void note_carried(const Channel& channel);
  void observe_health();
  void abort_channels_of(const std::string& route, const LossCause& cause);
  [[nodiscard]] std::string route_trouble(const RoutePort& port) const;
  [[nodiscard]] std::string unreadable_disks(const RoutePort& port) const;
  void judge_group(const std::string& name, GroupStatus& group) const;

  // The one way into the node's ledger (link_losses.cc).
  void tell_loss(const Channel& channel, const Lost& lost, ChannelEnd::How how,
                 const LossCause& cause);
  void note_late_loss(Channel& channel, ChannelMoment moment);
  [[nodiscard]] static std::uint64_t sent_undelivered(const Channel& channel);
  [[nodiscard]] static std::uint64_t given_in_vain(const Channel& channel);
  void note_without_leg(const ChannelCore& core, const LossCause& cause);
  [[nodiscard]] TimePoint undelivered_since(const Channel& channel) const;

  // What is held, paused or fenced (link_notices.cc). Group "": the link.
  static constexpr Duration kPeerWordAge = std::chrono::minutes(3);
  static_assert(kPeerWordAge > 2 * Uplink::kSayAgain);
  [[nodiscard]] std::string what_of(const std::string& group) const;
  void put_notice(NoticeKind kind, const std::string& group, const std::string& command);
  void take_notice(NoticeKind kind, const std::string& group);
  [[nodiscard]] std::string notice_text(NoticeKind kind) const;
  void say_notices();
  void on_notices(const wire::Notices& notices);
  void forget_old_words(TimePoint now);
  void forget_link_words();
  [[nodiscard]] std::vector<Notice> notices_of(const std::string& group) const;

  // Ends of channels (link_drain.cc).
  [[nodiscard]] static DrainWatch::Standing standing_of(const Channel& channel);
  void go_on_draining(const Channel& channel);
  void fail_drains(const std::string& group, std::uint64_t lost_bytes, const std::string& reason);
  void fail_later_drains(const std::string& group, std::uint64_t lost_bytes,
                         const std::string& reason);
  void note_over(Channel& channel, const std::string& reason);
  void note_short(Channel& channel, std::uint64_t bytes, const std::string& reason);
  [[nodiscard]] std::vector<Channel*> open_channels_of(const std::string& group) const;
  [[nodiscard]] bool waits_for_final_mark(Channel& channel);

  // Numbers (link_status.cc).
  void update_rates(TimePoint now, Duration interval);
  void update_groups();
  void forget_old_reasons();
  void note_state();
  [[nodiscard]] std::string state_text() const {
    return up() ? "up" : uplink_.ever_up() ? "down" : "connecting";
  }
  [[nodiscard]] bool any_waits_for_peer() const;
  // How a route is encrypted inside although its link compresses; "": it is not.
  [[nodiscard]] std::string_view inner_encryption(const RoutePort& port) const;
  [[nodiscard]] Lag lag(const std::string& group) const;  // "": of the whole link
  [[nodiscard]] std::string limited_by() const;
  void fill_groups(Status& status) const;
  void fill_routes(Status& status) const;

  LinkContext& context_;
  Loop& loop_;
  const std::string name_;
  const SteadyCivilClock civil_clock_;
  LinkConfig config_;
  LinkLog log_;
  Uplink uplink_;

  std::unique_ptr<Arena> arena_;
  bool locked_in_memory_ = false;
  std::unique_ptr<Ingest> ingest_;
  std::unique_ptr<Session> session_;
  FrameSender sender_;
  FrameDecoder decoder_;
  // The arena's reserve, room to raise the memlimit live: address space only, no memory.
  static constexpr std::uint64_t kReserveFactor = 16;
  static constexpr std::uint64_t kReserveMin = 16 * kGiB;
  const std::uint64_t memlimit_max_;

  FaultCount faults_;  // of this peer
  Timer tick_;
  Timer wake_;
  Timer control_timer_;
  Timer partial_timer_;

  bool stopping_ = false;
  bool stopped_ = false;
  bool fenced_ = false;
  bool peer_fenced_ = false;
  std::set<std::string> fenced_groups_;
  std::set<std::string> held_groups_;
  std::optional<WallTime> paused_since_;
  bool peer_paused_ = false;
  NoticeBoard notices_;
  NoticeBoard peer_notices_;
  TimePoint peer_word_at_{};  // the peer's last bye
  TimePoint last_tick_{};
  std::string last_state_;
  WallTime state_since_{};
  TimePoint next_full_marks_{};
  std::vector<std::function<void(std::optional<double>)>> pings_;

  std::map<std::string, RoutePort> ports_;
  std::map<std::uint64_t, std::unique_ptr<Channel>> channels_;
  std::uint64_t next_serial_ = 1;
  std::vector<Channel*> closing_;
  WaitingLegs waiting_;
  Timer reap_timer_;
  std::map<std::string, GroupFate> fates_;
  std::map<DrainId, DrainWatch> drains_;
  std::set<std::string> mismatches_logged_;

  struct Totals {
    std::uint64_t reconnects = 0;
    std::uint64_t sessions = 0;
    std::uint64_t raw_in_bytes = 0;
    std::uint64_t delivered_bytes = 0;
    std::uint64_t checksum_failures = 0;
    std::uint64_t refused_peers = 0;
    std::uint64_t aborted_channels = 0;
    std::uint64_t abort_lost_bytes = 0;
  } totals_;
  LinkRates rates_;
};

}  // namespace longthrow
