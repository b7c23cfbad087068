// SPDX-License-Identifier: Apache-2.0
#include "proxy/uplink/dial.h"

#include <algorithm>
#include <cstring>

#include "proxy/base/log.h"
#include "proxy/base/marks.h"
#include "proxy/base/source_choice.h"

namespace longthrow {

Result<void> verify_binding(const TlsEngine& engine, const wire::Hello& hello) {
  const auto expected = engine.binding(wire::binding_context(hello));
  if (!expected) return std::unexpected(expected.error());
  if (*expected != hello.binding) return breach("the hello is not bound to this connection");
  return {};
}

Result<void> send_hello(Lane& lane, wire::Hello hello) {
  const auto binding = lane.engine().binding(wire::binding_context(hello));
  if (!binding) return std::unexpected(binding.error());
  hello.binding = *binding;
  ByteQueue record;
  wire::encode(hello, record);
  lane.send(record.view());
  return {};
}

Dial::Dial(Loop& loop, DialOwner& owner, DialOptions options, MakeEngine make_engine)
    : loop_(loop),
      owner_(owner),
      options_(std::move(options)),
      make_engine_(std::move(make_engine)) {
  resolution_.operation.bind<&Dial::on_resolved>(this);
  timer_.bind<&Dial::on_timeout>(this);
}

Dial::~Dial() {
  loop_.disarm(timer_);
  give_up_knocks();
}

bool Dial::idle() const {
  return over_ && !resolution_.operation.in_flight() &&
         std::ranges::none_of(knocks_, [](const auto& k) { return k->operation.in_flight(); }) &&
         (lane_ == nullptr || lane_->idle());
}

void Dial::start() {
  began_at_ = loop_.now();
  resolve_next();
}

void Dial::resolve_next() {
  if (next_name_ < options_.names.size()) turned_away_ = false;
  if (next_name_ == options_.names.size()) {
    fail_with({.message = last_error_});
    return;
  }
  loop_.arm(timer_, loop_.now() + kConnectTimeout);
  loop_.resolve(resolution_, options_.names[next_name_++]);
}

void Dial::on_resolved(int result) {
  if (over_) return;
  const HostPort& name = options_.names[next_name_ - 1];
  if (result < 0 || resolution_.endpoints.empty()) {
    last_error_ = format("cannot resolve {}: {}", name.host,
                         result == -ECANCELED ? "timed out" : resolution_.error);
    resolve_next();
    return;
  }
  addresses_ = resolution_.endpoints;
  next_address_ = 0;
  connect_next();
}

void Dial::connect_next() {
  while (next_address_ < addresses_.size()) {
    ++next_address_;
    // Rounds up to whole intervals, so that the last request gets as much time as the others.
    const auto knocks = (options_.connect_timeout + kKnockEvery - Duration(1)) / kKnockEvery;
    address_deadline_ = loop_.now() + kKnockEvery * knocks;
    if (const auto knocked = knock(); knocked) return;
  }
  resolve_next();
}

// Sends one more request to connect to the present address, beside those without an answer. After a
// cut the next request comes soon, and on a long way no request is given up too early.
Result<void> Dial::knock() {
  const Endpoint& address = addresses_[next_address_ - 1];
  while (!knocks_.empty() && !knocks_.front()->socket.valid() &&
         !knocks_.front()->operation.in_flight()) {
    knocks_.pop_front();
  }
  auto made = std::make_unique<Knock>(*this);
  const auto socket =
      loop_.connect(made->operation, address,
                    {.use = SocketUse::lane,
                     .source = choose_source(options_.source, options_.usual_source, address),
                     .congestion = options_.congestion});
  if (!socket) {
    last_error_ = format("{}: {}", to_string(address), socket.error().message);
    return fail(last_error_);
  }
  made->socket = *socket;
  knocks_.push_back(std::move(made));
  knocking_ = true;
  loop_.arm(timer_, std::min(loop_.now() + kKnockEvery, address_deadline_));
  return {};
}

void Dial::give_up_knocks() {
  knocking_ = false;
  for (const auto& knock : knocks_) {
    if (!knock->socket.valid()) continue;
    loop_.close(std::exchange(knock->socket, Socket{}), CloseMode::reset);
  }
}

void Dial::on_connected(Knock& knock, int result) {
  if (over_ || !knock.socket.valid()) return;
  if (result < 0) {
    turned_away_ = result == -ECONNREFUSED || result == -ECONNRESET;
    last_error_ = format("{}: {}", to_string(addresses_[next_address_ - 1]),
                         result == -ETIMEDOUT ? "timed out" : std::strerror(-result));
    give_up_knocks();
    connect_next();
    return;
  }
  const Socket socket = std::exchange(knock.socket, Socket{});
  give_up_knocks();
  auto engine = make_engine_();
  if (!engine) {
    loop_.close(socket, CloseMode::reset);
    fail_with(engine.error());
    return;
  }
  loop_.arm(timer_, loop_.now() + options_.answer_timeout);
  lane_ = std::make_unique<Lane>(loop_, socket, std::move(*engine), wire::HelloRole::dialler);
  lane_->index = options_.lane_index;
  lane_->start(*this);
}

void Dial::on_timeout() {
  if (lane_ != nullptr) {
    lane_->drop();
    fail_with(
        {.message = format(
             "{}: no answer within {} s", lane_->remote(),
             std::chrono::duration_cast<std::chrono::seconds>(options_.answer_timeout).count())});
  } else if (knocking_) {
    // If no descriptor is free for another request, those under way keep their time.
    if (loop_.now() < address_deadline_) {
      note_reached(Mark::knocked_again);
      if (!knock()) loop_.arm(timer_, address_deadline_);
      return;
    }
    last_error_ = format("{}: timed out", to_string(addresses_[next_address_ - 1]));
    give_up_knocks();
    connect_next();
  } else {
    loop_.cancel(resolution_.operation);
  }
}

void Dial::on_lane_established(Lane& lane) {
  if (options_.only_bye) {
    ByteQueue record;
    wire::encode(*options_.only_bye, record);
    lane.send(record.view());
    lane.finish();
    told_ = true;
    fail_with({.message = "the peer was told"});
    return;
  }
  hello_sent_ = true;
  if (auto sent = send_hello(lane, owner_.dial_hello(*this)); !sent) {
    lane.drop();
    fail_with(sent.error());
  }
}

Result<void> Dial::on_lane_record(Lane& lane, const wire::RecordView& record) {
  if (record.type == wire::RecordType::bye) {
    const auto bye = wire::decode_bye(record.body);
    if (!bye) return std::unexpected(bye.error());
    lane.finish();
    fail_with({.message = format("the peer refuses: {}", bye->text)}, *bye);
    return {};
  }
  if (record.type != wire::RecordType::hello) return breach("a record before the hello");
  const auto hello = wire::decode_hello(record.body);
  if (!hello) return std::unexpected(hello.error());
  if (auto bound = verify_binding(lane.engine(), *hello); !bound) return bound;
  // The lane is handed over at once, so that records behind the hello go to its new handler.
  over_ = true;
  loop_.disarm(timer_);
  owner_.on_dial_answered(*this, std::move(lane_), *hello);
  return {};
}

void Dial::on_lane_closed(Lane& lane, const Error& why) {
  turned_away_ = true;
  fail_with({why.code, format("{}: {}", lane.remote(), why.message), why.os_errno});
}

void Dial::cancel() {
  if (over_) return;
  if (lane_ != nullptr) lane_->drop();
  end();
  give_up_knocks();
  loop_.cancel(resolution_.operation);
}

void Dial::fail_with(const Error& why, std::optional<wire::Bye> bye) {
  if (over_) return;
  end();
  owner_.on_dial_failed(*this, why, std::move(bye));
}

void Dial::end() {
  over_ = true;
  loop_.disarm(timer_);
  if (lane_ != nullptr) lane_->tell_when_idle(*this);
}

}  // namespace longthrow
