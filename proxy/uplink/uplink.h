// SPDX-License-Identifier: Apache-2.0
// The way of a link to its peer: which node is the peer, which lanes stand, when new ones are
// dialled, and when the link counts as down. The session decides what travels on the lanes.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "longthrow/config.h"
#include "longthrow/losses.h"
#include "longthrow/node.h"
#include "proxy/base/closing_list.h"
#include "proxy/session/peering.h"
#include "proxy/uplink/bulk_pacing.h"
#include "proxy/uplink/dialler.h"
#include "proxy/uplink/hole_watch.h"
#include "proxy/uplink/lane_set.h"
#include "proxy/uplink/link_log.h"

namespace longthrow {

// What an uplink asks of its link, and the events that it reports to it, on the loop's thread.
class UplinkOwner {
 public:
  virtual ~UplinkOwner() = default;
  // Whether lanes are wanted at all. A stopping node that has no session wants none.
  [[nodiscard]] virtual bool wants_lanes() const = 0;
  // The bye for a peer that is turned away because this link is paused or fenced, or none.
  [[nodiscard]] virtual std::optional<wire::Bye> own_bye() const = 0;
  // The session's round trip, if it is known.
  [[nodiscard]] virtual std::optional<Duration> rtt() const = 0;
  // The express lane is up. Begins a session if there is none.
  virtual void on_uplink_up() = 0;
  virtual void on_uplink_down() = 0;
  // A lane is down. The records that were under way on it must be sent again.
  virtual void on_lane_down(LaneId lane) = 0;
  // Any record but a bye. An error ends the lane.
  [[nodiscard]] virtual Result<void> on_record(Lane& lane, const wire::RecordView& record) = 0;
  // The peer has sent a bye, and the link is down now.
  virtual void on_peer_bye(const wire::Bye& bye) = 0;
  // The peer has no session with us any more, or another one.
  virtual void on_session_over(const LossCause& cause) = 0;
  // The owner must ask the peer for a sign of life, and call Uplink::on_peer_alive() when it comes.
  virtual void ask_peer() = 0;
  virtual void on_heartbeat_due() = 0;
  // Records can be sent that could not be sent before.
  virtual void wake() = 0;
};

[[nodiscard]] LossCause cause_of(const wire::Bye& bye);

// Belongs to the loop's thread. The owner, the parts and the configuration outlive it.
class Uplink final : public LaneHandler, public DialOwner {
 public:
  static constexpr Duration kSayAgain = std::chrono::minutes(1);
  static constexpr const char* kNeverConnected = "not yet connected";

  struct Parts {
    NodeParts node;
    ClosingList& closing;
    std::string node_name;
    Incarnation incarnation;
    LinkLog& log;
  };
  Uplink(Parts parts, UplinkOwner& owner, std::string link, const LinkConfig& config);
  ~Uplink() override;

  // --- life
  // Dials now.
  void dial_now() { dialler_.dial_at(0, now()); }
  // Dials after `delay`, to tell a peer that only listens why this node takes no lanes.
  void tell_peer_after(Duration delay) { dialler_.dial_at(0, now() + delay); }
  void cancel_dials() { dialler_.cancel(); }
  // Takes the hello of an authenticated dialler.
  void on_incoming(std::unique_ptr<Lane> lane, const wire::Hello& hello);
  // An authenticated dialler has connected only to say why it takes no lanes.
  void on_incoming_bye(const wire::Bye& bye);
  // Ends all lanes. With `bye`, tells the peer why.
  void drop_lanes(const std::optional<wire::Bye>& bye);
  // Takes the link down. It is dialled again.
  void down(const std::string& reason);
  // Our session has ended; a new one gets a new half.
  void forget_session() { peering_.begin_session(); }
  // Ends the uplink for good.
  void stop(const wire::Bye& bye);
  [[nodiscard]] bool idle() const { return dialler_.idle(); }

  // --- time
  // Called every tick while the link is up: ends silent lanes, and asks for heartbeats.
  void check_liveness(TimePoint now);
  // The peer has answered a heartbeat that was sent at `asked_at_ns`.
  void on_peer_alive(std::uint64_t asked_at_ns);
  // Called every `interval`. `waiting`: whether bytes are stored for the peer.
  void watch_for_hole(Duration interval, HoleWatch::Waiting waiting);
  [[nodiscard]] const HoleWatch& hole() const { return hole_; }
  // What an administrator can try when hole() is stuck.
  [[nodiscard]] static const char* hole_hint();

  // --- getters
  [[nodiscard]] LaneSet& lanes() { return lanes_; }
  [[nodiscard]] const LaneSet& lanes() const { return lanes_; }
  [[nodiscard]] BulkPacing& pacing() { return pacing_; }
  [[nodiscard]] const Peering& peering() const { return peering_; }
  [[nodiscard]] bool up() const { return lanes_.express() != nullptr; }
  [[nodiscard]] bool ever_up() const { return ever_up_; }
  // Why the link is down; "": it is up.
  [[nodiscard]] const std::string& down_reason() const { return down_reason_; }
  void set_down_reason(std::string reason) { down_reason_ = std::move(reason); }
  [[nodiscard]] std::optional<TimePoint> down_since() const { return down_since_; }
  // The time that the link is down counts from now.
  void count_down_from_now() { down_since_ = now(); }
  // Since when the peer's host answers that no node is there. In a cut nothing answers.
  [[nodiscard]] std::optional<TimePoint> peer_gone_since() const { return peer_gone_since_; }

  void on_lane_established(Lane&) override {}
  Result<void> on_lane_record(Lane& lane, const wire::RecordView& record) override;
  void on_lane_room(Lane&) override { owner_.wake(); }
  void on_lane_turn(Lane&) override { owner_.wake(); }
  void on_lane_closed(Lane& lane, const Error& why) override;
  wire::Hello dial_hello(Dial& dial) override;
  void on_dial_answered(Dial& dial, std::unique_ptr<Lane> lane, const wire::Hello& hello) override;
  void on_dial_failed(Dial& dial, const Error& why, std::optional<wire::Bye> bye) override;

 private:
  static constexpr Duration kConnectTimeoutOfKnown = std::chrono::seconds(1);
  static constexpr Duration kAnswerTimeoutOfKnown = std::chrono::seconds(4);
  static constexpr Duration kChallengeTime = std::chrono::seconds(2);
  static constexpr int kAutoBulkLanes = 2;
  static constexpr int kBulkLanesMax = 8;

  // A lane that the peer has dialled and that waits for a decision.
  struct Applicant {
    std::unique_ptr<Lane> lane;
    wire::Hello hello;
  };

  [[nodiscard]] TimePoint now() const { return loop_.now(); }
  void begin_dial(std::uint16_t lane_index);
  [[nodiscard]] DialOptions dial_options(std::uint16_t lane_index) const;
  [[nodiscard]] Duration redial_delay();
  [[nodiscard]] Duration delay_after(const Dial& failed, const std::optional<wire::Bye>& bye);
  void on_express_dial_failed(const Dial& dial, const std::string& reason,
                              const std::optional<wire::Bye>& bye);
  [[nodiscard]] int own_bulk_lanes() const;
  [[nodiscard]] std::uint64_t generation_of(std::uint64_t attempt, wire::HelloRole role) const;
  void express_up(std::unique_ptr<Lane> lane, const wire::Hello& hello, std::uint64_t generation);
  void bulk_up(std::unique_ptr<Lane> lane);
  Result<void> on_bye(const Lane& lane, const wire::Bye& bye);
  // Takes a lane that has ended out of the set.
  std::unique_ptr<Lane> lose(Lane& lane);

  void say_bye(std::unique_ptr<Lane> lane, wire::ByeReason reason, const std::string& text);
  void turn_away(Applicant& applicant, const std::string& why);
  void discard(std::unique_ptr<Lane> lane);
  void accept_bulk(std::unique_ptr<Lane> lane, const wire::Hello& hello);
  void judge_incoming(std::unique_ptr<Lane> lane, const wire::Hello& hello);
  void begin_challenge(std::unique_ptr<Lane> lane, const wire::Hello& hello);
  void on_challenge_over();

  Parts parts_;
  UplinkOwner& owner_;
  Loop& loop_;
  const std::string link_;
  const LinkConfig& config_;
  Peering peering_;
  Backoff backoff_;
  LaneSet lanes_;
  BulkPacing pacing_;
  Dialler dialler_;
  HoleWatch hole_;
  std::uint64_t generation_ = 0;  // of the present express lane
  std::uint64_t dial_attempt_ = 0;
  int bulk_wanted_ = 0;
  Applicant deferred_;    // waits for the end of our own dial
  Applicant challenger_;  // waits for the present peer's answer
  TimePoint challenge_began_{};
  Timer challenge_timer_;
  TimePoint next_heartbeat_{};
  bool ever_up_ = false;
  std::string down_reason_ = kNeverConnected;
  std::optional<TimePoint> down_since_;
  std::optional<TimePoint> peer_gone_since_;
};

}  // namespace longthrow
