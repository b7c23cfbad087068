// SPDX-License-Identifier: Apache-2.0
// The session of a link: channels, frames, acknowledgements, credit and replay over lanes that come
// and go. It is the heart of guarantees G1 and G5.
//
// Pure: no clock, socket, thread, log or random device. One type, four kinds of method:
//   on_*      something happened; the time is an argument where it matters
//   commands  open, push, stop, release, set_*
//   poll_*    what to send and to report; call after each on_* or command until nothing comes
//   getters
// A session begins when an express lane is first up and ends when its owner drops it (session
// timeout, a restarted peer, takeover); `release_all` hands its channels to the caller, which ends
// them.
//
// Sending order: frames of a channel go out in offset order; groups share the bulk lanes by bytes;
// what was lost with a lane goes first. Frame numbers are given at the first sending. After the
// express lane came up nothing is sent until the peer has said what it holds (its first Ack), so
// that a reconnect replays only what is missing.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "longthrow/config.h"
#include "longthrow/time.h"
#include "proxy/session/channel_core.h"
#include "proxy/session/due_records.h"
#include "proxy/session/final_marks.h"
#include "proxy/session/local_routes.h"
#include "proxy/session/marks_log.h"
#include "proxy/session/number_set.h"
#include "proxy/session/peer_routes.h"
#include "proxy/session/send_space.h"
#include "proxy/session/session_event.h"

namespace longthrow {

class Session {
 public:
  static constexpr Duration kAckDelay = std::chrono::milliseconds(10);
  static constexpr std::uint64_t kAckBytes = 512 * kKiB;
  static constexpr int kCorruptMax = 3;
  // A frame of at most so many raw bytes may go ahead of what the bulk lanes have taken.
  static constexpr std::uint32_t kAheadBytesMax = 16 * kKiB;
  // Channels at a time: that this node opens; of the peer that it serves (it aborts further ones,
  // one by one); and that the peer may have with those. An honest peer never exceeds the last
  // limit, so it cannot lose its lane over and over for that.
  static constexpr std::size_t kOwnChannelsMax = 8192;
  static constexpr std::size_t kPeerChannelsServed = 12288;
  static constexpr std::size_t kPeerChannelsMax = 16384;

  // `own_numbers`: of the channels that are opened here. The window is what each group may have
  // under way towards us; see set_receive_window.
  Session(FramePool& pool, ChannelNumbers own_numbers);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // --- lanes
  void on_express_up(LaneId lane);
  void on_bulk_up(LaneId lane);
  // Frames under way on `lane` will be sent again. The end of the express lane ends all lanes.
  void on_lane_down(LaneId lane);

  // --- records from the peer; an error is the peer's and ends the lane

  // Takes a control record: decodes it and calls one of the methods below. Also an error if the
  // type has no place on such a lane, or is not one of the session's.
  [[nodiscard]] Result<void> on_control(TimePoint now, LaneKind lane, wire::RecordType type,
                                        ByteView body);
  [[nodiscard]] Result<void> on_routes(const wire::Routes& routes);
  [[nodiscard]] Result<void> on_ack(const wire::Ack& ack);
  [[nodiscard]] Result<void> on_credit(const wire::Credit& credit);
  [[nodiscard]] Result<void> on_credit_recall(const wire::CreditRecall& recall);
  [[nodiscard]] Result<void> on_credit_return(const wire::CreditReturn& returned);
  [[nodiscard]] Result<void> on_heartbeat(TimePoint now, const wire::Heartbeat& heartbeat);
  void on_heartbeat_echo(TimePoint now, const wire::HeartbeatEcho& echo);
  void on_marks(wire::Marks marks);
  [[nodiscard]] Result<void> on_cut(wire::Cut cut);
  [[nodiscard]] Result<void> on_epochs(const wire::Epochs& epochs);
  [[nodiscard]] Result<void> on_checkpoint(wire::Checkpoint checkpoint);
  void on_checkpoint_reports(wire::CheckpointReports reports);
  // A frame's header has come. `done`: a duplicate, a control frame, or bytes of a channel that is
  // no more. `take`: pass the verified bytes to on_data, or call on_corrupt.
  [[nodiscard]] Result<FrameFate> on_frame(TimePoint now, const wire::FrameHeader& header);
  [[nodiscard]] Result<void> on_data(TimePoint now, const wire::FrameHeader& header, Stored raw);
  // The bytes did not verify. True: this was the last try; the channel is given up and the frame
  // counts as lost. False: the caller ends the lane, and replay heals it.
  [[nodiscard]] bool on_corrupt(TimePoint now, const wire::FrameHeader& header);

  // --- commands
  void set_local_routes(const std::vector<LocalRoute>& routes);
  // How much charge each group may have under way towards us. Lowering takes effect as bytes are
  // consumed. All groups together never have more than the share. Credit granted beyond the window
  // or the share is recalled.
  void set_receive_window(std::uint64_t bytes_per_group, std::uint64_t share_bytes);
  // The charge that the peer may still send us, by its credit and by the next credit record.
  [[nodiscard]] std::uint64_t promised_charge_bytes() const;
  // What all groups take of the receive share: bytes held, and bytes that may still come.
  [[nodiscard]] std::uint64_t outstanding_charge_bytes() const;
  [[nodiscard]] bool may_open_more() const { return own_channels_ < kOwnChannelsMax; }
  // Opens a channel. REQUIRES: standing(route).may_open, connected() and may_open_more().
  [[nodiscard]] ChannelCore& open(const std::string& route);
  // Queues a data frame that continues channel.out. The session owns the frame from here on.
  void push(ChannelCore& channel, OutFrame* frame);
  // Ends our bytes of the channel, after all that was pushed. No effect if they have ended already.
  void push_end(ChannelCore& channel, EndKind kind, std::int64_t wall_ns);
  // From now on the channel's frames go over the express lane, ahead of all bulk frames: for
  // streams of few bytes that must not wait behind a backlog. The channel uses its group's credit,
  // the last part of which is kept for express channels.
  void make_express(ChannelCore& channel);
  // Epochs of a group, see OutEpochs. Joining: what of the channel is not sent yet waits at the
  // peer for a cut. Leaving: all channels do, and the open epoch ends. REQUIRES: no express
  // channel, and group.out_epochs.enabled().
  void join_epochs(ChannelCore& channel);
  // `proof`: of that.
  void leave_epochs(GroupState& its_group, Proof proof);
  // Ends each open epoch that alone keeps its group from getting on. Call it once in a while.
  void unstick_epochs();
  // We take no more of the peer's bytes: throws away those held here and those still to come.
  void stop(ChannelCore& channel);
  // `bytes` of the pinned bytes of channel.in were handed over.
  void handed_over(ChannelCore& channel, std::uint64_t bytes);
  // The target's TCP has acknowledged all bytes below `offset`.
  void delivered(ChannelCore& channel, std::uint64_t offset);
  // Both directions have ended, at both ends. The peer may still have our bytes to deliver.
  [[nodiscard]] static bool finished(const ChannelCore& channel) {
    return channel.out.end_acked && channel.in.at_end();
  }
  // Forgets a finished channel. Frees it.
  void release(ChannelCore& channel);
  // The session is over: hands all channels to the caller, without the frames they had to send.
  [[nodiscard]] std::vector<std::unique_ptr<ChannelCore>> release_all();

  // --- what to send and to tell

  // The next frame for `lane`, numbered and noted; the caller sends its header and payload at once.
  // `again`: it was sent before.
  struct NextFrame {
    OutFrame* frame = nullptr;
    bool again = false;
  };
  [[nodiscard]] NextFrame poll_express_frame();
  // A small frame of a quiet channel, for the express lane. Its group has the next turn anyway, and
  // on a bulk lane the frame would only wait behind frames that the lane has taken. None while bulk
  // is idle.
  [[nodiscard]] NextFrame poll_ahead_frame();
  [[nodiscard]] NextFrame poll_bulk_frame(LaneId lane);
  // Appends the control records that are due to `out` (express lane). True if there were any.
  bool poll_control(TimePoint now, ByteQueue& out);
  // Makes a heartbeat due now.
  void request_heartbeat() { due_.heartbeat = due_.credit = true; }
  // Makes a record due that tells the peer how far a checkpoint of its group has come here.
  void report_checkpoint(GroupState& its_group, wire::CheckpointReport report);
  // A checkpoint of the peer is over: what it has stopped may be handed over.
  void lift_checkpoint(GroupState& its_group);
  // Whether the peer has ever reported checkpoints: an older one knows none.
  [[nodiscard]] bool peer_takes_checkpoints() const { return peer_takes_checkpoints_; }
  // Whether a checkpoint of some group has come further, here or at the peer, since the last call.
  [[nodiscard]] bool take_checkpoint_news() { return std::exchange(checkpoint_news_, false); }
  // A heartbeat record for a lane that is not the express lane.
  [[nodiscard]] wire::Heartbeat make_heartbeat(TimePoint now, std::int64_t wall_ns) const;
  void set_wall_clock(std::int64_t wall_ns) { wall_ns_ = wall_ns; }
  // Makes a marks record due, for the frame numbers given so far.
  void say_marks(std::int64_t wall_ns, std::int64_t civil_ns, std::vector<wire::GroupMark> groups);
  // Makes a record due that tells what an administrator has stopped here.
  void say_notices(std::vector<wire::NoticeEntry> entries) {
    due_.notices = wire::Notices{std::move(entries)};
  }
  // Our name of the group that the peer knows by its own number `id`; "": we know no route of that
  // group.
  [[nodiscard]] std::string group_of_peer_id(std::uint32_t id);
  // Brings as_of_wall_ns of each group up to date. O(channels): call it once in a while.
  void settle_as_of();
  [[nodiscard]] std::optional<SessionEvent> poll_event();
  // When poll_control next has something to send even without an event; kNever: never.
  [[nodiscard]] TimePoint next_timeout() const { return due_.ack_at; }

  // --- getters

  // Whether an express lane is up and the peer has said what it holds.
  [[nodiscard]] bool connected() const { return express_lane_ != kNoLane && !awaiting_ack_; }
  [[nodiscard]] bool bulk_frames_wait() const;  // a frame waits only for room on a lane
  // Whether the peer has all bytes of the channel and bulk is busy. Then a small block of the
  // channel should become a frame at once.
  [[nodiscard]] bool quiet_beside_bulk(const ChannelCore& channel) const;
  [[nodiscard]] bool blocked_by_credit() const;  // frames wait, all of them for credit
  [[nodiscard]] RouteStanding standing(const std::string& route) const {
    return peer_routes_.standing(route, local_routes_);
  }
  // Routes that the peer has and we lack.
  [[nodiscard]] std::vector<std::string> unknown_peer_routes() const {
    return peer_routes_.unknown_to(local_routes_);
  }
  // The name of one of our routes by its id; "" if it is no longer configured.
  [[nodiscard]] std::string route_name(std::uint32_t route_id) const {
    return local_routes_.name_of(route_id);
  }
  [[nodiscard]] const std::map<std::uint64_t, std::unique_ptr<ChannelCore>>& channels() const {
    return channels_;
  }
  [[nodiscard]] std::map<std::string, GroupState>& groups() { return groups_; }
  [[nodiscard]] std::optional<Duration> rtt() const { return rtt_; }
  [[nodiscard]] std::uint64_t in_flight_frames() const { return bulk_out_.frames_in_flight(); }
  [[nodiscard]] std::optional<std::int64_t> peer_wall_ns() const { return peer_clock_.wall_ns; }
  [[nodiscard]] TimePoint peer_wall_at() const { return peer_clock_.at; }
  // How far the peer's civil clock is ahead of the time in its frames.
  [[nodiscard]] std::int64_t peer_civil_offset_ns() const { return peer_clock_.civil_offset_ns; }

 private:
  GroupState& group(const std::string& name);
  [[nodiscard]] GroupState& group_of(const wire::RouteEntry& entry);
  [[nodiscard]] Result<ChannelCore*> channel_of(const wire::FrameHeader& header);
  [[nodiscard]] Result<void> charge_received(GroupState& group, std::uint64_t charge);
  void push_express(ChannelCore& channel, wire::FrameKind kind);
  void unlist(ChannelCore& channel);
  // Numbers the channel's first waiting frame, charges it, and lists the channel again.
  OutFrame* number_next(ChannelCore& channel, SendSpace& space, LaneId lane);
  [[nodiscard]] static bool may_go_ahead(const ChannelCore& channel);
  // The group whose turn is next among those that wait; null if none does.
  [[nodiscard]] GroupState* next_in_turn();
  void on_frame_acked(OutFrame* frame);
  void list_waiting(ChannelCore& channel);
  void note_received(TimePoint now, const wire::FrameHeader& header);
  void emit(SessionEvent::Kind kind, ChannelCore* channel = nullptr);
  void forget_events_of(const ChannelCore* channel);
  void apply_idle_heartbeat();
  void note_as_of(ChannelCore& channel, const wire::FrameHeader& header);
  static void finish_as_of(const ChannelCore& channel);
  [[nodiscard]] bool owns_id(std::uint64_t id) const { return (id & 1) == lowest_own_id_; }
  void put_routes(ByteQueue& out);
  void put_ack(ByteQueue& out);
  [[nodiscard]] std::map<std::string, std::uint32_t> granted_groups() const;
  [[nodiscard]] std::uint64_t free_charge_bytes() const;
  // What each group may have now: the window, or less while others hold more.
  [[nodiscard]] std::uint64_t credit_level() const;
  bool put_credit(ByteQueue& out);
  bool put_recall(ByteQueue& out);
  void put_returns(ByteQueue& out);
  void put_cuts(ByteQueue& out);
  void put_epochs(ByteQueue& out);
  void put_checkpoints(ByteQueue& out);
  void release_cut(const wire::CutEntry& entry);
  void advance_epochs(GroupState& its_group);
  [[nodiscard]] bool is_here(const wire::CutEntry& entry) const;
  [[nodiscard]] bool holds_back(const GroupState& its_group) const;
  static void charge_epoch(ChannelCore& channel, OutFrame& frame);
  static void close_epoch(GroupState& its_group);

  FramePool& pool_;
  const std::uint64_t lowest_own_id_;  // 0 or 1

  LaneId express_lane_ = kNoLane;
  bool awaiting_ack_ = true;
  SendSpace express_out_;
  SendSpace bulk_out_;
  struct ExpressQueue {
    std::deque<OutFrame*> waiting;            // open, stop
    std::map<std::uint64_t, OutFrame*> sent;  // of these: number -> frame, ours to free
    std::deque<ChannelCore*> channels;        // with frames to send, in turn
  } express_;
  NumberSet express_in_;
  NumberSet bulk_in_;

  std::map<std::uint64_t, std::unique_ptr<ChannelCore>> channels_;
  std::size_t own_channels_ = 0;  // of them, opened by us
  std::uint64_t next_own_index_ = 0;
  NumberSet peer_indexes_;  // channels that the peer has opened, by id / 2
  std::map<std::string, GroupState> groups_;
  std::uint32_t next_group_id_ = 1;
  LocalRoutes local_routes_;
  PeerRoutes peer_routes_;
  struct ReceiveWindow {
    std::uint64_t window_bytes = 0;  // of each group
    std::uint64_t share_bytes = 0;   // of all
    bool short_of_share = false;     // some group has less than its window: others have more
  } receive_;

  DueRecords due_;
  FinalMarks final_marks_;                            // of channels that are released
  using FramePlace = std::pair<bool, std::uint64_t>;  // express space?, number
  std::map<FramePlace, int> corrupt_counts_;          // how often each has failed

  std::int64_t wall_ns_ = 0;
  std::optional<Duration> rtt_;
  struct PeerClock {
    std::optional<std::int64_t> wall_ns;
    TimePoint at{};
    std::int64_t civil_offset_ns = 0;
  } peer_clock_;
  MarksLog marks_;
  bool peer_takes_checkpoints_ = false, checkpoint_news_ = false;
  std::optional<wire::Heartbeat> idle_mark_;  // waits until its frames are here
  std::deque<SessionEvent> events_;
};

}  // namespace longthrow
