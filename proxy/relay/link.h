// SPDX-License-Identifier: Apache-2.0
// A link at work: joins lanes, session, buffer, codecs and legs. This is the one large class.
//
// link.cc         lanes and sessions: dialling, accepting, hello, ends
// link_copies.cc  how new our copies of the peer's data are
// link_data.cc    the data path: slabs, frames, scheduling, receiving
// link_routes.cc  inside listeners and channels
// link_status.cc  settings, commands, numbers
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "longthrow/node.h"
#include "proxy/relay/channel.h"
#include "proxy/relay/compression.h"
#include "proxy/relay/copy_age.h"
#include "proxy/relay/dial.h"
#include "proxy/relay/frame_job.h"
#include "proxy/relay/hole_watch.h"
#include "proxy/relay/inside_listener.h"
#include "proxy/relay/lane.h"
#include "proxy/relay/pacer.h"
#include "proxy/relay/rates.h"
#include "proxy/relay/send_share.h"
#include "proxy/session/peering.h"
#include "proxy/session/session.h"

namespace longthrow {

// What all links of a node share; outlives them.
struct LinkContext {
  NodeParts parts;
  std::string node;
  Incarnation incarnation;
  Graveyard& graveyard;
  FrameJobs& jobs;
  ByteSpan garbage;
};

// Belongs to the loop's thread.
class Link final : public LaneHandler, public DialOwner, public ChannelHost, public FrameJobOwner {
 public:
  Link(LinkContext& context, std::string name, LinkConfig config);
  ~Link() override;

  // --- life
  [[nodiscard]] Result<void> start(const std::map<std::string, RouteConfig>& routes,
                                   const std::map<std::string, GroupConfig>& groups);
  // An authenticated dialler's hello.
  void on_incoming(std::unique_ptr<Lane> lane, const wire::Hello& hello);
  void note_refused() { ++totals_.refused_peers; }
  // Stops taking bytes in; what is buffered goes on being delivered.
  void begin_stop();
  [[nodiscard]] bool drained() const;
  // Ends everything, then wait for idle().
  void stop();
  [[nodiscard]] bool idle() const;

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
  void fence_group(const std::string& group);
  void unfence_group(const std::string& group);
  [[nodiscard]] bool has_group(const std::string& group) const;
  [[nodiscard]] bool up() const { return express_ != nullptr && session_ != nullptr; }
  void hold_group(const std::string& group, bool held);
  [[nodiscard]] bool group_held(const std::string& group) const {
    return held_groups_.contains(group);
  }
  // A drain's goal: what each channel of the group has accepted by now; of a pair of DRBD's also
  // the barriers that the peer's DRBD is to have acknowledged.
  struct DrainMark {
    std::uint64_t bytes = 0;
    std::uint64_t barriers = 0;
  };
  using DrainMarks = std::map<std::uint64_t, DrainMark>;  // by channel
  struct DrainLeft {
    std::uint64_t bytes = 0;     // to deliver
    std::uint64_t barriers = 0;  // to be acknowledged
    bool pair_ended = false;     // one of DRBD's ended: of its barriers nothing more will be heard
    [[nodiscard]] bool none() const { return bytes == 0 && barriers == 0; }
  };
  // `held`: no more input is read, so a barrier that DRBD has not sent yet is not waited for.
  [[nodiscard]] DrainMarks drain_marks(const std::string& group, bool held) const;
  [[nodiscard]] DrainLeft drain_left(const DrainMarks& marks) const;
  // When the copy here ends, for the answer of a takeover.
  [[nodiscard]] std::string describe_inbound() const;
  // Of ours: accepted, not yet delivered there.
  [[nodiscard]] std::uint64_t undelivered_bytes() const;
  [[nodiscard]] double delivery_rate_bytes_s() const { return out_raw_rate_.bytes_s(); }
  [[nodiscard]] std::optional<double> rtt_ms() const;
  // `done` is called with the round trip in ms, or nothing when the link went down.
  void ping(std::function<void(std::optional<double>)> done);
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
  RawBlock lend_block(Channel& channel) override;
  void block_returned(const RawBlock& block) override;
  void frame_wanted(Channel& channel) override;
  void partial_wanted(Channel& channel) override;
  [[nodiscard]] bool reading_allowed(const Channel& channel) const override;
  [[nodiscard]] bool hungry(const Channel& channel) const override;
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
  // --- FrameJobOwner
  void on_frame_job(FrameJob& job) override;

 private:
  static constexpr Duration kTick = std::chrono::milliseconds(250);
  static constexpr int kAutoBulkLanes = 2;
  static constexpr std::uint32_t kInlineBytesMax = 16 * kKiB;
  static constexpr Duration kPartialAge = std::chrono::milliseconds(10);

  struct RoutePort {
    std::string name;
    RouteConfig config;
    std::unique_ptr<InsideListener> listener;  // null: closed
    std::string reason;                        // why closed, or the last failure of a channel
    std::uint64_t channels_total = 0;
    drbd::StreamCounters drbd_sent;  // of channels that are gone
    drbd::StreamCounters drbd_received;
    std::uint64_t pings_answered = 0;
    drbd::DisksByVolume disks;  // as last said there
    // Of the channel that was judged last.
    InnerEncryption::Kind inner_encryption = InnerEncryption::Kind::undecided;
  };
  struct GroupFate {
    bool carried = false;  // a channel has been open
    bool lost = false;     // a channel was aborted with bytes under way, none has caught up since
    std::string lost_reason;
    std::uint64_t lost_serial = 0;  // channels with higher ones came after
    CopyAge copy;                   // of the peer's data, here
    std::size_t streams = 0;        // that our copy consists of, when it was last looked at
  };

  // Lanes and sessions (link.cc).
  void redial_soon();
  void on_redial();
  void begin_dial(std::uint16_t lane_index);
  void cancel_dials();
  [[nodiscard]] DialOptions dial_options(std::uint16_t lane_index) const;
  void say_bye(std::unique_ptr<Lane> lane, wire::ByeReason reason, const std::string& text);
  void judge_incoming(std::unique_ptr<Lane> lane, const wire::Hello& hello);
  void express_up(std::unique_ptr<Lane> lane, const wire::Hello& hello, std::uint64_t generation);
  void bulk_up(std::unique_ptr<Lane> lane);
  void link_down(const std::string& reason);
  void drop_lanes(std::optional<wire::Bye> bye);
  void end_session(const std::string& reason);
  Result<void> on_bye(Lane& lane, const wire::Bye& bye);
  void on_tick();
  void check_liveness(TimePoint now);
  [[nodiscard]] int own_bulk_lanes() const;
  [[nodiscard]] std::uint64_t generation_of(std::uint64_t attempt, bool dialled_here) const;

  // The data path (link_data.cc).
  void wake();
  void pump();
  void handle_events();
  void handle_event(const SessionEvent& event);
  void serve_slab_queue();
  void run_frame_jobs();
  bool start_frame_job(Channel& channel);
  void flush_frames(Channel& channel);
  bool finish_frame(Channel& channel, FrameJob& job);
  void send_express();
  void send_bulk();
  void send_frame(Lane& lane, const Session::NextFrame& next);
  bool close_oldest_partial(const Channel* except);
  void on_partial_timer();
  [[nodiscard]] std::uint32_t turn_bytes();
  [[nodiscard]] std::uint32_t room_for(const Channel& channel);
  void watch_partials();
  [[nodiscard]] static bool stores_little(const Channel& channel);
  [[nodiscard]] static bool takes_little(const Channel& channel);
  [[nodiscard]] bool group_may_grow(const Channel& channel) const;
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
  void accept_leg(RoutePort& port, Socket leg);
  void on_opened(ChannelCore& core);
  Channel& add_channel(ChannelCore& core, const std::string& route, bool opened_here);
  void reap_channels();
  void channel_gone(Channel& channel);
  [[nodiscard]] std::vector<LocalRoute> local_routes() const;
  [[nodiscard]] bool route_shut(const RoutePort& port) const;
  [[nodiscard]] drbd::DisksByVolume disks_of(const RoutePort& port) const;
  // Why DRBD's copies of a group are not to be used; "" if nothing is against it.
  [[nodiscard]] std::string disk_trouble(const std::string& group) const;
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
  [[nodiscard]] std::size_t streams_of(const std::string& group) const;
  void note_copies();
  void say_marks(TimePoint now);
  [[nodiscard]] Proof proof_of(const std::string& group, const GroupFate& fate) const;
  void fill_inbound(const std::string& name, const GroupFate& fate, GroupStatus& group) const;

  // Numbers (link_status.cc).
  void update_rates(TimePoint now, Duration interval);
  void update_groups();
  void watch_for_hole(Duration interval);
  // How a route is encrypted inside although its link compresses; "": it is not.
  [[nodiscard]] std::string_view inner_encryption(const RoutePort& port) const;
  void lose(const std::string& group, std::string reason);
  [[nodiscard]] Lag lag(const std::string& group) const;  // "": of the whole link
  [[nodiscard]] std::string limited_by() const;
  void fill_groups(Status& status) const;
  void fill_routes(Status& status) const;

  LinkContext& context_;
  Loop& loop_;
  const std::string name_;
  const SteadyCivilClock civil_clock_;
  LinkConfig config_;
  std::map<std::string, GroupConfig> group_configs_;

  std::unique_ptr<Arena> arena_;
  bool locked_in_memory_ = false;
  std::optional<SendShare> send_share_;
  FramePool pool_;
  Peering peering_;
  Backoff backoff_;
  std::unique_ptr<Session> session_;
  Compression compression_;
  TokenBucket bucket_;
  // While another route's bytes, or an express channel's, may come, bulk is not to fill the queue
  // in front of them.
  bool paces_ = false;
  bool paced_ = false;  // the lanes have a limit now
  Pacer pacer_;
  std::unique_ptr<CodecContext> decoder_;
  std::vector<std::byte> decoded_;
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
  static constexpr const char* kMtuHint =
      "small packets arrive and full ones do not, perhaps for an MTU hole: try `ping -M do -s "
      "1472` "
      "to the peer; a smaller MTU on the route, or net.ipv4.tcp_mtu_probing = 1 at both ends, "
      "helps";
  static constexpr const char* kNeverConnected = "not yet connected";
  std::string down_reason_ = kNeverConnected;
  HoleWatch hole_;
  std::optional<TimePoint> down_since_;
  TimePoint last_tick_{};
  TimePoint next_heartbeat_{};
  TimePoint next_full_marks_{};
  std::vector<std::function<void(std::optional<double>)>> pings_;

  std::map<std::string, RoutePort> ports_;
  std::map<std::uint64_t, std::unique_ptr<Channel>> channels_;
  std::uint64_t next_serial_ = 1;
  std::vector<Channel*> closing_;
  Timer reap_timer_;
  std::map<std::string, GroupFate> fates_;
  std::set<std::string> mismatches_logged_;

  std::deque<Channel*> slab_queue_;
  std::deque<Channel*> frame_queue_;
  std::deque<Channel*> partials_;
  std::vector<Channel*> parked_;  // a finished frame waits for memory

  struct Totals {
    std::uint64_t reconnects = 0;
    std::uint64_t sessions = 0;
    std::uint64_t retransmitted_bytes = 0;
    std::uint64_t raw_in_bytes = 0;
    std::uint64_t framed_raw_bytes = 0;
    std::uint64_t framed_wire_bytes = 0;
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
  Duration codec_time_{0};
  RateMeter in_rate_;
  RateMeter out_rate_;
  RateMeter out_raw_rate_;
  double ratio_ = 1.0;
};

}  // namespace longthrow
