// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/drbd_connector.h"

namespace longthrow::sim {

DrbdConnector::DrbdConnector(SimNetwork& network, DrbdConnectOptions options, OnPair on_pair)
    : network_(network),
      world_(network.world()),
      options_(options),
      on_pair_(std::move(on_pair)),
      random_(world_.stream("drbd.connector", static_cast<std::uint64_t>(options.host))) {}

void DrbdConnector::start(Duration delay) {
  if (step_ == Step::idle) step(Step::idle, delay, &DrbdConnector::attempt);
}

void DrbdConnector::stop() {
  world_.cancel(timer_);
  step_ = Step::idle;
  for (NetId* socket : {&listener_, &dial_}) {
    if (*socket != 0) network_.close(std::exchange(*socket, 0), CloseMode::graceful);
  }
  first_.reset();
  data_.reset();
  meta_.reset();
}

void DrbdConnector::step(Step step, Duration limit, void (DrbdConnector::*then)()) {
  world_.cancel(timer_);
  step_ = step;
  timer_ = world_.schedule_after(limit, "drbd.connector", [this, then] {
    timer_ = EventId{};
    (this->*then)();
  });
}

// The missing one, data first.
void DrbdConnector::attempt() {
  if (listener_ == 0) {
    const auto listener = network_.listen(
        options_.host, network_.endpoint(options_.host, options_.port), {.use = SocketUse::leg});
    LT_ASSERT(listener.has_value());
    listener_ = *listener;
    network_.watch(listener_, this);
  }
  const auto socket = network_.connect(options_.host, options_.peer, {.use = SocketUse::leg});
  if (!socket.has_value()) return wait_for_peer();
  dial_ = *socket;
  network_.watch(dial_, this);
  step(Step::dialling, options_.connect_interval, &DrbdConnector::give_up_dial);
}

void DrbdConnector::give_up_dial() {
  network_.close(std::exchange(dial_, 0), CloseMode::graceful);
  wait_for_peer();
}

void DrbdConnector::on_ready(NetId socket, unsigned) {
  if (socket == dial_ && step_ == Step::dialling && !network_.connecting(socket)) {
    on_dialled();
  } else if (socket == listener_ && step_ == Step::accepting) {
    wait_for_peer();
  } else if (step_ == Step::reading_first && socket == first_->socket()) {
    read_first();
  }
}

void DrbdConnector::on_dialled() {
  if (network_.take_error(dial_) != 0) return give_up_dial();
  const bool is_data = data_ == nullptr;
  DrbdStreamPtr& kind = is_data ? data_ : meta_;
  kind = std::make_unique<DrbdStream>(network_, std::exchange(dial_, 0));
  kind->send(DrbdHeader::of_8_bytes,
             is_data ? DrbdCommand::initial_data : DrbdCommand::initial_meta);
  dialled_last_ = true;
  if (data_ == nullptr || meta_ == nullptr) return wait_for_peer();
  step(Step::checking, options_.socket_check, &DrbdConnector::check);
}

// One more connection of the peer's, for some time.
void DrbdConnector::wait_for_peer() {
  const NetId socket = network_.accept(listener_);
  if (socket > 0) {
    first_ = std::make_unique<DrbdStream>(network_, socket);
    network_.watch(socket, this);
    return step(Step::reading_first, 4 * options_.ping_timeout, &DrbdConnector::give_up_first);
  }
  if (step_ == Step::accepting) return;
  const Duration jitter = options_.connect_interval / 7;
  step(Step::accepting,
       options_.connect_interval + random_.between(Duration(0), 2 * jitter) - jitter,
       &DrbdConnector::attempt);
}

void DrbdConnector::read_first() {
  while (first_->receive(kKiB) > 0) {
  }
  const auto packet = first_->reader.next(DrbdHeader::of_8_bytes);
  if (!packet.has_value()) {
    if (first_->ended() || first_->reader.broken()) give_up_first();
    return;
  }
  if (packet->command != DrbdCommand::initial_data && packet->command != DrbdCommand::initial_meta)
    return give_up_first();
  network_.watch(first_->socket(), nullptr);
  take_first(packet->command == DrbdCommand::initial_data ? data_ : meta_);
}

void DrbdConnector::give_up_first() {
  first_.reset();
  toss();
}

void DrbdConnector::take_first(DrbdStreamPtr& kind) {
  drop_dead();
  const bool crosses = kind != nullptr;
  kind = std::move(first_);
  if (crosses) {
    ++crossed_;
    return toss();
  }
  go_on();
}

void DrbdConnector::toss() {
  step_ = Step::idle;
  if (random_.chance(0.5)) return wait_for_peer();
  go_on();
}

void DrbdConnector::go_on() {
  dialled_last_ = false;
  if (data_ == nullptr || meta_ == nullptr) return attempt();
  step(Step::checking, options_.socket_check, &DrbdConnector::check);
}

void DrbdConnector::drop_dead() {
  if (data_ != nullptr && !data_->stands()) data_.reset();
  if (meta_ != nullptr && !meta_->stands()) meta_.reset();
}

void DrbdConnector::check() {
  drop_dead();
  if (data_ == nullptr || meta_ == nullptr) {
    step_ = Step::idle;
    return dialled_last_ ? wait_for_peer() : attempt();
  }
  DrbdStreamPtr data = std::move(data_);
  DrbdStreamPtr meta = std::move(meta_);
  stop();
  on_pair_(std::move(data), std::move(meta));
}

}  // namespace longthrow::sim
