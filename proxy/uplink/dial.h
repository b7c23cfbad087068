// SPDX-License-Identifier: Apache-2.0
// One attempt to bring up a lane from this side: resolve, connect, TLS, hello, answer.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proxy/uplink/lane.h"

namespace longthrow {

class Dial;

// Called at the end of an attempt. The Dial can do nothing more then; its owner retires it.
class DialOwner {
 public:
  virtual ~DialOwner() = default;
  // The hello to send now. The dial fills in its binding.
  [[nodiscard]] virtual wire::Hello dial_hello(Dial& dial) = 0;
  // The peer has answered. The owner must give the lane its new handler.
  virtual void on_dial_answered(Dial& dial, std::unique_ptr<Lane> lane,
                                const wire::Hello& hello) = 0;
  virtual void on_dial_failed(Dial& dial, const Error& why, std::optional<wire::Bye> bye) = 0;
};

// Checks that `hello` was made for this connection, not for another (channel binding).
[[nodiscard]] Result<void> verify_binding(const TlsEngine& engine, const wire::Hello& hello);
// Appends the record of `hello`, bound to this connection.
[[nodiscard]] Result<void> send_hello(Lane& lane, wire::Hello hello);

struct DialOptions {
  std::vector<HostPort> names;           // tried in turn
  std::optional<Endpoint> source;        // as configured
  std::optional<Endpoint> usual_source;  // used if `source` is not set: see choose_source()
  std::string congestion;
  std::uint16_t lane_index = 0;
  // Sent instead of a hello: the dial only tells the peer why this node takes no lanes.
  std::optional<wire::Bye> only_bye;
  Duration connect_timeout = std::chrono::seconds(3);  // of each address
  Duration answer_timeout = std::chrono::seconds(10);
};

class Dial final : public Closable, public LaneHandler, private ClosableOwner {
 public:
  using MakeEngine = std::function<Result<std::unique_ptr<TlsEngine>>()>;
  static constexpr Duration kConnectTimeout = std::chrono::seconds(3);
  static constexpr Duration kAnswerTimeout = std::chrono::seconds(10);
  // A request to connect is repeated this often, because it may be lost, and the kernel repeats it
  // ever more rarely.
  static constexpr Duration kKnockEvery = std::chrono::milliseconds(400);

  Dial(Loop& loop, DialOwner& owner, DialOptions options, MakeEngine make_engine);
  ~Dial() override;
  void start();
  // Gives up, and does not call the owner.
  void cancel();
  [[nodiscard]] bool hello_sent() const { return hello_sent_; }
  [[nodiscard]] TimePoint began_at() const { return began_at_; }
  // For a failed attempt: the peer's host answered that nobody takes the connection. False when
  // nothing answered.
  [[nodiscard]] bool turned_away() const { return turned_away_; }
  // For a failed attempt: no address gave a connection.
  [[nodiscard]] bool found_nobody() const { return lane_ == nullptr && !addresses_.empty(); }
  [[nodiscard]] std::uint16_t lane_index() const { return options_.lane_index; }
  [[nodiscard]] bool told() const { return told_; }  // the bye was sent
  [[nodiscard]] bool only_says_bye() const { return options_.only_bye.has_value(); }
  [[nodiscard]] bool idle() const override;

  void on_lane_established(Lane& lane) override;
  Result<void> on_lane_record(Lane& lane, const wire::RecordView& record) override;
  void on_lane_room(Lane&) override {}
  void on_lane_turn(Lane&) override {}
  void on_lane_closed(Lane& lane, const Error& why) override;

 private:
  // One request to connect.
  struct Knock {
    explicit Knock(Dial& of) : dial(of) { operation.bind<&Knock::on_connected>(this, &of); }
    void on_connected(int result) { dial.on_connected(*this, result); }
    Dial& dial;
    Socket socket;  // invalid: the request was given up
    Operation operation;
  };
  void resolve_next();
  void on_resolved(int result);
  void connect_next();
  [[nodiscard]] Result<void> knock();
  void give_up_knocks();
  void on_connected(Knock& knock, int result);
  void on_timeout();
  void fail_with(const Error& why, std::optional<wire::Bye> bye = std::nullopt);
  void end();
  void on_joined(Closable&) override { tell_if_idle(); }  // the lane

  Loop& loop_;
  DialOwner& owner_;
  DialOptions options_;
  MakeEngine make_engine_;
  Resolution resolution_;
  Timer timer_;
  std::size_t next_name_ = 0;
  std::vector<Endpoint> addresses_;
  std::size_t next_address_ = 0;
  std::deque<std::unique_ptr<Knock>> knocks_;  // at the present address; given-up ones come first
  bool knocking_ = false;
  TimePoint address_deadline_{};
  std::unique_ptr<Lane> lane_;
  std::string last_error_;
  bool hello_sent_ = false;
  bool told_ = false;
  bool turned_away_ = false;
  TimePoint began_at_{};
  bool over_ = false;
};

}  // namespace longthrow
