// SPDX-License-Identifier: Apache-2.0
// The other node of a link: the uplink to it, and the session with it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proxy/groups/copy_age.h"
#include "proxy/ingest/frame_decoder.h"
#include "proxy/relay/frame_sender.h"
#include "proxy/relay/link_buffer.h"
#include "proxy/relay/link_context.h"
#include "proxy/relay/stops.h"
#include "proxy/session/session.h"
#include "proxy/uplink/fault_count.h"
#include "proxy/uplink/uplink.h"

namespace longthrow {

// Belongs to the loop's thread.
class Peer final : public UplinkOwner {
 public:
  struct Hooks {
    std::function<void()> wake;
    std::function<void()> begun;  // a new session has begun
    std::function<void()> down;   // the link went down
    // The session ends; session() still returns it in this call. Release its channels.
    std::function<void(const LossCause&)> ending;
    std::function<void()> refresh;  // the set of open routes may have changed
  };
  struct Parts {
    LinkContext& context;
    const LinkConfig& config;
    LinkLog& log;
    Stops& stops;
    LinkBuffer& buffer;
  };
  Peer(const Parts& parts, const std::string& link, Hooks hooks);
  ~Peer() override;

  [[nodiscard]] Uplink& uplink() { return uplink_; }
  [[nodiscard]] const Uplink& uplink() const { return uplink_; }
  [[nodiscard]] Session* session() const { return session_.get(); }  // null: there is none
  [[nodiscard]] FrameSender& sender() { return sender_; }
  [[nodiscard]] const FrameSender& sender() const { return sender_; }
  // Whether the link is up.
  [[nodiscard]] bool up() const { return uplink_.up() && session_ != nullptr; }
  // The sender's time that our frames carry.
  [[nodiscard]] std::int64_t wall_ns() const { return civil_clock_.at_ns(loop_.now()); }
  [[nodiscard]] std::optional<double> rtt_ms() const;
  [[nodiscard]] LinkState state() const;

  // Sends frames of the session, as far as lanes, credit and bandwidth allow. Returns when to call
  // again, if the bandwidth setting holds frames back.
  [[nodiscard]] std::optional<TimePoint> send();
  // Ends the session for good.
  void end_session(const LossCause& cause);
  void on_tick(TimePoint now);
  // Tells the peer what is stopped here.
  void say_notices();
  // go_down: the link is paused. come_back: it is resumed or released.
  void go_down(const wire::Bye& bye, const std::string& reason);
  void come_back();
  // `done` is called with the round trip in ms, or nothing when the link went down.
  void ping(std::function<void(std::optional<double>)> done);
  void note_refused() { ++counts_.refused_peers; }
  struct Counts {
    std::uint64_t reconnects = 0;
    std::uint64_t sessions = 0;
    std::uint64_t checksum_failures = 0;
    std::uint64_t memory_refusals = 0;
    std::uint64_t refused_peers = 0;
  };
  [[nodiscard]] const Counts& counts() const { return counts_; }

  // --- UplinkOwner
  [[nodiscard]] bool wants_lanes() const override;
  [[nodiscard]] std::optional<wire::Bye> own_bye() const override { return stops_.own_bye(); }
  [[nodiscard]] std::optional<Duration> rtt() const override;
  void on_uplink_up() override;
  void on_uplink_down() override { hooks_.down(); }
  void on_lane_down(LaneId lane) override;
  Result<void> on_record(Lane& lane, const wire::RecordView& record) override;
  void on_peer_bye(const wire::Bye& bye) override;
  void on_session_over(const LossCause& cause) override { end_session(cause); }
  void ask_peer() override;
  void on_heartbeat_due() override;
  void wake() override { hooks_.wake(); }

 private:
  // Runs `change`, which changes what is known to be stopped at the peer, and acts on it.
  void change_peer_words(const std::function<void()>& change);
  void check_session_timeout(TimePoint now);
  [[nodiscard]] Result<void> take_record(Lane& lane, const wire::RecordView& record);
  [[nodiscard]] Result<void> on_frame(LaneKind lane, const wire::RecordView& record);
  [[nodiscard]] Result<void> on_notices(ByteView body);
  void on_heartbeat_echo(ByteView body);
  void answer_pings(std::optional<double> ms);

  Loop& loop_;
  const std::string link_;
  const LinkConfig& config_;
  LinkLog& log_;
  Stops& stops_;
  LinkBuffer& buffer_;
  Hooks hooks_;
  const SteadyCivilClock civil_clock_;
  Uplink uplink_;
  std::unique_ptr<Session> session_;
  FrameSender sender_;
  FrameDecoder decoder_;
  FaultCount faults_;
  std::vector<std::function<void(std::optional<double>)>> pings_;
  Counts counts_;
};

}  // namespace longthrow
