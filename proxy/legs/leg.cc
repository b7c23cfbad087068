// SPDX-License-Identifier: Apache-2.0
#include "proxy/legs/leg.h"

#include <cerrno>
#include <cstring>

#include "proxy/base/log.h"
#include "proxy/base/source_choice.h"

namespace longthrow {

Leg::Leg(Loop& loop, LegOwner& owner, CompletionWatcher& watcher) : loop_(loop), owner_(owner) {
  connect_.bind<&Leg::on_connected>(this, &watcher);
  resolution_.operation.bind<&Leg::on_resolved>(this, &watcher);
  timeout_.bind<&Leg::on_timeout>(this);
}

Leg::~Leg() {
  loop_.disarm(timeout_);
  if (socket_.valid()) loop_.close(socket_, CloseMode::reset);
}

void Leg::adopt(Socket socket) {
  socket_ = socket;
  set_open();
}

void Leg::connect(Connect what) {
  what_ = std::move(what);
  resolving_ = true;
  loop_.arm(timeout_, loop_.now() + kConnectTimeout);
  loop_.resolve(resolution_, what_.target);
}

void Leg::on_resolved(int result) {
  resolving_ = false;
  if (closed()) return;
  if (result < 0 || resolution_.endpoints.empty()) {
    owner_.on_leg_failed({LossReason::target_unreachable,
                          format("cannot resolve the target: {}", resolution_.error)});
    return;
  }
  addresses_ = resolution_.endpoints;
  connect_next();
}

void Leg::connect_next() {
  while (next_address_ < addresses_.size()) {
    const Endpoint& address = addresses_[next_address_++];
    const auto socket =
        loop_.connect(connect_, address,
                      {.use = SocketUse::leg,
                       .source = choose_source(what_.source, what_.usual_source, address)});
    if (socket) {
      socket_ = *socket;
      loop_.arm(timeout_, loop_.now() + kConnectTimeout);
      return;
    }
    last_failure_ = format("{}: {}", to_string(address), socket.error().message);
  }
  owner_.on_leg_failed(
      {LossReason::target_unreachable, format("cannot connect to the target {}", last_failure_)});
}

void Leg::on_connected(int result) {
  if (closed()) return;
  if (result == 0 && socket_.valid()) return set_open();
  const std::string why = result == -ECANCELED ? "timed out" : std::strerror(-result);
  last_failure_ = format("{}: {}", to_string(addresses_[next_address_ - 1]), why);
  if (socket_.valid()) loop_.close(socket_, CloseMode::reset);
  socket_ = Socket{};
  connect_next();
}

void Leg::set_open() {
  loop_.disarm(timeout_);
  state_ = State::open;
  owner_.on_leg_open();
}

void Leg::on_timeout() {
  if (!socket_.valid()) {
    owner_.on_leg_failed({LossReason::target_unreachable, "cannot resolve the target: timed out"});
    return;
  }
  // The connect completes as cancelled; on_connected() then tries the next address.
  loop_.close(socket_, CloseMode::reset);
  socket_ = Socket{};
}

void Leg::close(CloseMode mode) {
  state_ = State::closed;
  loop_.disarm(timeout_);
  if (socket_.valid()) loop_.close(socket_, mode);
  socket_ = Socket{};
  if (resolving_) loop_.cancel(resolution_.operation);
}

std::optional<std::pair<Endpoint, Endpoint>> Leg::ends() const {
  if (!open()) return std::nullopt;
  const auto here = loop_.local_endpoint(socket_);
  const auto there = loop_.remote_endpoint(socket_);
  if (!here || !there) return std::nullopt;
  return std::pair(*here, *there);
}

std::string Leg::local() const {
  if (!socket_.valid()) return "";
  const auto endpoint = loop_.local_endpoint(socket_);
  return endpoint ? to_string(*endpoint) : "";
}

std::string Leg::remote() const {
  if (!socket_.valid()) return "";
  const auto endpoint = loop_.remote_endpoint(socket_);
  return endpoint ? to_string(*endpoint) : "";
}

}  // namespace longthrow
