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

// Told the end of an attempt. The Dial is spent then, and is retired by its owner.
class DialOwner {
 public:
  virtual ~DialOwner() = default;
  // The hello to send now; its binding is filled in by the dial.
  [[nodiscard]] virtual wire::Hello dial_hello(Dial& dial) = 0;
  // The peer has answered. The lane waits for its new handler.
  virtual void on_dial_answered(Dial& dial, std::unique_ptr<Lane> lane,
                                const wire::Hello& hello) = 0;
  virtual void on_dial_failed(Dial& dial, const Error& why, std::optional<wire::Bye> bye) = 0;
};

// Checks that `hello` was said on this connection, not on another (channel binding).
[[nodiscard]] Result<void> verify_binding(const TlsEngine& engine, const wire::Hello& hello);
// Appends the record of `hello`, bound to this connection.
[[nodiscard]] Result<void> send_hello(Lane& lane, wire::Hello hello);

struct DialOptions {
  std::vector<HostPort> names;           // tried in turn
  std::optional<Endpoint> source;        // as configured
  std::optional<Endpoint> usual_source;  // without one: see choose_source()
  std::string congestion;
  std::uint16_t lane_index = 0;
  // Instead of a hello: only to tell the peer why nothing is to be had here.
  std::optional<wire::Bye> only_bye;
  Duration connect_timeout = std::chrono::seconds(3);  // of each address
  Duration answer_timeout = std::chrono::seconds(10);
};

class Dial final : public Closable, public LaneHandler {
 public:
  using MakeEngine = std::function<Result<std::unique_ptr<TlsEngine>>()>;
  static constexpr Duration kConnectTimeout = std::chrono::seconds(3);
  static constexpr Duration kAnswerTimeout = std::chrono::seconds(10);
  // A request to connect that is not answered may be lost; the kernel's own repeats grow rare.
  static constexpr Duration kKnockEvery = std::chrono::milliseconds(400);

  Dial(Loop& loop, DialOwner& owner, DialOptions options, MakeEngine make_engine);
  ~Dial() override;
  void start();
  // Gives up without a word to the owner.
  void cancel();
  [[nodiscard]] bool hello_sent() const { return hello_sent_; }
  [[nodiscard]] TimePoint began_at() const { return began_at_; }
  // Of a failed attempt: the peer's host answered, and nobody there takes the connection. Not so
  // when nothing was heard.
  [[nodiscard]] bool turned_away() const { return turned_away_; }
  // Of a failed attempt: no connection came about at any address.
  [[nodiscard]] bool found_nobody() const { return lane_ == nullptr && !addresses_.empty(); }
  [[nodiscard]] std::uint16_t lane_index() const { return options_.lane_index; }
  [[nodiscard]] bool told() const { return told_; }  // the bye was said
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
    explicit Knock(Dial& of) : dial(of) { operation.bind<&Knock::on_connected>(this); }
    void on_connected(int result) { dial.on_connected(*this, result); }
    Dial& dial;
    Socket socket;  // invalid: given up
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

  Loop& loop_;
  DialOwner& owner_;
  DialOptions options_;
  MakeEngine make_engine_;
  Resolution resolution_;
  Timer timer_;
  std::size_t next_name_ = 0;
  std::vector<Endpoint> addresses_;
  std::size_t next_address_ = 0;
  std::deque<std::unique_ptr<Knock>> knocks_;  // at the present address; first those given up
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
