// SPDX-License-Identifier: Apache-2.0
// A link at work: joins lanes, session, buffer, codecs and legs. This is the one large class.
//
// link.cc         lanes and sessions: dialling, accepting, hello, ends
// link_copies.cc  how new our copies of the peer's data are
// link_drain.cc   what drains wait for, and what became of the bytes of channels that end
// link_data.cc    the data path: scheduling, sending, receiving
// link_drbd.cc    which channels are DRBD's pairs, and what it says of its disks
// link_losses.cc  what is destroyed, and why
// link_health.cc  whether the copies can be trusted
// link_log.cc     lines that could come without end
// link_notices.cc what is held, paused or fenced
// link_pacing.cc  bulk at the pace of the WAN
// link_routes.cc  inside listeners and channels
// link_status.cc  settings, commands, numbers
// link_takeover.cc what a takeover ends, hands over and destroys
// link_twins.cc   another node in the peer's name
// link_waiting.cc connections that come while the link is down
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "longthrow/node.h"
#include "proxy/base/flap_gate.h"
#include "proxy/base/repeat_gate.h"
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
#include "proxy/relay/forecast.h"
#include "proxy/relay/rates.h"
#include "proxy/session/peering.h"
#include "proxy/session/session.h"
#include "proxy/uplink/dial.h"
#include "proxy/uplink/fault_count.h"
#include "proxy/uplink/hole_watch.h"
#include "proxy/uplink/lane.h"
#include "proxy/uplink/pacer.h"
#include "proxy/uplink/token_bucket.h"

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
class Link final : public LaneHandler,
                   public DialOwner,
                   public ChannelHost,
                   public WaitingLegsOwner {
 public:
  Link(LinkContext& context, std::string name, LinkConfig config);
  ~Link() override;

  // --- life
  [[nodiscard]] Result<void> start(const std::map<std::string, RouteConfig>& routes,
                                   const std::map<std::string, GroupConfig>& groups);
  // An authenticated dialler's hello.
  void on_incoming(std::unique_ptr<Lane> lane, const wire::Hello& hello);
  // An authenticated dialler has only come to say that it is paused or fenced.
  void on_incoming_bye(const wire::Bye& bye);
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
  [[nodiscard]] bool up() const { return express_ != nullptr && session_ != nullptr; }
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
  [[nodiscard]] const std::string& down_reason() const { return down_reason_; }
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

  // --- LaneHandler
  void on_lane_established(Lane&) override {}
  Result<void> on_lane_record(Lane& lane, const wire::RecordView& record) override;
  void on_lane_room(Lane&) override { wake(); }
  void on_lane_turn(Lane&) override { wake(); }
  void on_lane_closed(Lane& lane, const std::string& reason) override;
  // --- DialOwner
  wire::Hello dial_hello(Dial& dial) override;
  void on_dial_answered(Dial& dial, std::unique_ptr<Lane> lane, const wire::Hello& hello) override;
  void on_dial_failed(Dial& dial, const std::string& reason, std::optional<wire::Bye> bye) override;
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
  static constexpr Duration kConnectTimeoutOfKnown = std::chrono::seconds(1);
  static constexpr Duration kAnswerTimeoutOfKnown = std::chrono::seconds(4);
  static constexpr Duration kChallengeTime = std::chrono::seconds(2);
  static constexpr Duration kGoneAfter = std::chrono::seconds(5);
  static constexpr Duration kListenAgain = std::chrono::seconds(1);
  static constexpr int kQuietListenTries = 3;  // kTick apart, before it is an error
  static constexpr int kAutoBulkLanes = 2;

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

  // Lanes and sessions (link.cc).
  void redial_soon();
  void on_redial();
  void begin_dial(std::uint16_t lane_index);
  void cancel_dials();
  void note_peer_paused(bool paused);
  // A stopping node goes on until what its session has is delivered; it begins no new one.
  [[nodiscard]] bool wants_lanes() const {
    return !stopped_ && !(stopping_ && session_ == nullptr);
  }
  [[nodiscard]] DialOptions dial_options(std::uint16_t lane_index) const;
  void say_bye(std::unique_ptr<Lane> lane, wire::ByeReason reason, const std::string& text);
  void judge_incoming(std::unique_ptr<Lane> lane, const wire::Hello& hello);
  void begin_challenge(std::unique_ptr<Lane> lane, const wire::Hello& hello);
  void on_peer_alive(std::uint64_t asked_at_ns);
  void on_challenge_over();
  void drop_challenger();
  [[nodiscard]] Duration redial_delay();
  void express_up(std::unique_ptr<Lane> lane, const wire::Hello& hello, std::uint64_t generation);
  void bulk_up(std::unique_ptr<Lane> lane);
  void link_down(const std::string& reason);
  void drop_lanes(std::optional<wire::Bye> bye);
  void end_session(const LossCause& cause);
  Result<void> on_bye(Lane& lane, const wire::Bye& bye);
  void on_tick();
  void check_liveness(TimePoint now);
  // A line of what may come again and again; `key`: what makes two of them the same.
  void say_gated(LogLevel level, const std::string& key, const std::string& line);
  void say_what_was_left_out(TimePoint now);
  [[nodiscard]] int own_bulk_lanes() const;
  [[nodiscard]] std::uint64_t generation_of(std::uint64_t attempt, bool dialled_here) const;

  // The data path (link_data.cc).
  void wake();
  void pump();
  void handle_events();
  void handle_event(const SessionEvent& event);
  void send_express();
  void send_bulk();
  void send_frame(Lane& lane, const Session::NextFrame& next);
  void on_partial_timer();
  void watch_partials();
  [[nodiscard]] Ingest::Outlook outlook() const;
  [[nodiscard]] Result<void> take_record(Lane& lane, const wire::RecordView& record);
  [[nodiscard]] Result<void> on_frame(Lane& lane, const wire::RecordView& record);
  void approach_memlimit();
  [[nodiscard]] bool bulk_has_room() const;

  // Pacing of bulk (link_pacing.cc).
  void start_pacing();
  void on_pace();
  [[nodiscard]] Pacer::Sample measure_lanes() const;

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
  void note_without_leg(const ChannelCore& core, const LossCause& cause);
  [[nodiscard]] TimePoint undelivered_since(const Channel& channel) const;
  [[nodiscard]] static LossCause cause_of(const wire::Bye& bye);

  // What is held, paused or fenced (link_notices.cc). Group "": the link.
  static constexpr Duration kPeerWordAge = std::chrono::minutes(3);
  static constexpr Duration kSayAgain = std::chrono::minutes(1);
  static_assert(kPeerWordAge > 2 * kSayAgain);
  [[nodiscard]] std::optional<wire::Bye> own_bye() const;
  void tell_peer_after(Duration delay);
  [[nodiscard]] std::string what_of(const std::string& group) const;
  void put_notice(NoticeKind kind, const std::string& group, const std::string& command);
  void take_notice(NoticeKind kind, const std::string& group);
  [[nodiscard]] std::string notice_text(NoticeKind kind) const;
  void say_notices();
  void on_notices(const wire::Notices& notices);
  void note_peer_bye(const wire::Bye& bye);
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
    return up() ? "up" : ever_up_ ? "down" : "connecting";
  }
  void watch_for_hole(Duration interval);
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

  std::unique_ptr<Arena> arena_;
  bool locked_in_memory_ = false;
  std::unique_ptr<Ingest> ingest_;
  Peering peering_;
  Backoff backoff_;
  std::unique_ptr<Session> session_;
  TokenBucket bucket_;
  // While another route's bytes, or an express channel's, may come, bulk is not to fill the queue
  // in front of them.
  bool paces_ = false;
  bool paced_ = false;  // the lanes have a limit now
  Pacer pacer_;
  FrameDecoder decoder_;
  // The arena's reserve, room to raise the memlimit live: address space only, no memory.
  static constexpr std::uint64_t kReserveFactor = 16;
  static constexpr std::uint64_t kReserveMin = 16 * kGiB;
  const std::uint64_t memlimit_max_;
  ByteQueue outgoing_;  // scratch for records

  std::unique_ptr<Lane> express_;
  std::uint64_t generation_ = 0;
  int bulk_wanted_ = 0;
  std::map<std::uint16_t, std::unique_ptr<Lane>> bulk_;
  std::uint16_t next_bulk_ = 0;  // whose turn it is
  LaneId next_lane_id_ = 1;
  std::map<std::uint16_t, std::unique_ptr<Dial>> dials_;
  std::map<std::uint16_t, TimePoint> redial_at_;
  std::uint64_t dial_attempt_ = 0;
  std::unique_ptr<Lane> deferred_lane_;
  wire::Hello deferred_hello_;
  std::unique_ptr<Lane> challenger_lane_;  // waits for the present peer's answer
  wire::Hello challenger_hello_;
  TimePoint challenge_began_{};
  Timer challenge_timer_;
  RepeatGate repeats_;  // of refusals and failures that come again and again
  FlapGate flaps_;
  FaultCount faults_;  // of this peer
  // A peer may name ever new routes.
  LineBudget mismatch_lines_{48, std::chrono::hours(1)};
  Timer redial_timer_;
  Timer tick_;
  Timer wake_;
  Timer control_timer_;
  Timer pace_timer_;
  Timer partial_timer_;

  bool ever_up_ = false;
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
  static constexpr const char* kMtuHint =
      "small packets arrive and full ones do not, perhaps for an MTU hole: try `ping -M do -s "
      "1472` "
      "to the peer; a smaller MTU on the route, or net.ipv4.tcp_mtu_probing = 1 at both ends, "
      "helps";
  static constexpr const char* kNeverConnected = "not yet connected";
  std::string down_reason_ = kNeverConnected;
  HoleWatch hole_;
  std::optional<TimePoint> down_since_;
  std::optional<TimePoint> peer_gone_since_;  // the peer's host says so, see nobody_can_come
  TimePoint last_tick_{};
  std::string last_state_;
  WallTime state_since_{};
  TimePoint next_heartbeat_{};
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
    std::uint64_t retransmitted_bytes = 0;
    std::uint64_t raw_in_bytes = 0;
    std::uint64_t frame_bytes_out = 0;
    std::uint64_t wire_out_bytes = 0;  // of lanes that are gone
    std::uint64_t wire_in_bytes = 0;
    std::uint64_t delivered_bytes = 0;
    std::uint64_t peer_received_bytes = 0;
    std::uint64_t checksum_failures = 0;
    std::uint64_t refused_peers = 0;
    std::uint64_t aborted_channels = 0;
    std::uint64_t abort_lost_bytes = 0;
  } totals_;
  std::uint64_t last_raw_in_ = 0;
  std::uint64_t last_frame_bytes_out_ = 0;
  RateMeter in_rate_;
  RateMeter out_rate_;
  RecentRatio ratio_;
};

}  // namespace longthrow
