// SPDX-License-Identifier: Apache-2.0
// What comes and goes on the two streams of a simulated DRBD, and its pings.
#include <algorithm>
#include <utility>

#include "proxy/base/log.h"
#include "tests/sim/drbd_node.h"

namespace longthrow::sim {
namespace {
constexpr std::size_t kReadBytesMax = 64 * kKiB;
constexpr Duration kReadTick = std::chrono::milliseconds(2);
}  // namespace

// --- both streams

void DrbdNode::send_data(DrbdCommand command, const DrbdPayload& payload) {
  if (data_ != nullptr) data_->send(header_, command, payload);
}

void DrbdNode::send_meta(DrbdCommand command, const DrbdPayload& payload) {
  if (meta_ != nullptr) meta_->send(header_, command, payload);
}

void DrbdNode::on_ready(NetId socket, unsigned) {
  if (data_ != nullptr && socket == data_->socket()) {
    data_->flush();
    pump_data();
  } else if (meta_ != nullptr && socket == meta_->socket()) {
    meta_->flush();
    if (stage_ == Stage::connected) pump_meta();
  }
}

// How much of the data stream its disk takes now; 0: later.
std::size_t DrbdNode::may_read() {
  Duration pause = stalled_until_ - world_.now();
  std::size_t most = kReadBytesMax;
  if (options_.read_bytes_s > 0) {
    const double seconds = std::chrono::duration<double>(world_.now() - reading_since_).count();
    const auto total =
        static_cast<std::uint64_t>(seconds * static_cast<double>(options_.read_bytes_s));
    most = std::min<std::uint64_t>(most, total - std::min(total, data_->received_bytes()));
    if (most == 0) pause = std::max(pause, kReadTick);
  }
  if (pause <= Duration(0)) return most;
  world_.cancel(read_timer_);
  read_timer_ = world_.schedule_after(pause, "drbd.read", [this] {
    read_timer_ = EventId{};
    pump_data();
  });
  return 0;
}

void DrbdNode::pump_data() {
  while (data_ != nullptr) {
    const DrbdStream* stream = data_.get();
    while (const auto packet = data_->reader.next(header_)) {
      on_data(*packet);
      if (data_.get() != stream) return;
    }
    if (data_->reader.broken()) {
      truth_.violate("what has come on a data stream is no packet");
      return drop("damaged data stream");
    }
    const std::size_t most = may_read();
    if (most == 0) return;
    const std::size_t bytes = data_->receive(most);
    counters_.data_bytes += bytes;
    if (bytes > 0) continue;
    if (data_->ended()) drop("the data stream has ended");
    return;
  }
}

void DrbdNode::on_data(const DrbdPacket& packet) {
  if (stage_ == Stage::features) return on_features(packet);
  if (packet.command == DrbdCommand::protocol || packet.command == DrbdCommand::sizes) return;
  if (packet.command == DrbdCommand::state) {
    role_->on_state(packet);
    if (stage_ == Stage::reports) be_connected();
    return;
  }
  if (role_->on_data(packet)) return;
  truth_.violate(format("there should be no packet {:x} on a data stream now",
                        std::to_underlying(packet.command)));
  drop("unexpected packet");
}

// Its end is the connection's, at once: what lies in the data stream is thrown away.
void DrbdNode::pump_meta() {
  while (meta_ != nullptr) {
    const DrbdStream* stream = meta_.get();
    while (const auto packet = meta_->reader.next(header_)) {
      meta_heard_at_ = world_.now();
      on_meta(*packet);
      if (meta_.get() != stream) return;
    }
    if (meta_->reader.broken()) {
      truth_.violate("what has come on a meta stream is no packet");
      return drop("damaged meta stream");
    }
    if (meta_->receive(kReadBytesMax) > 0) continue;
    if (meta_->ended()) drop("the meta stream has ended");
    return;
  }
}

void DrbdNode::on_meta(const DrbdPacket& packet) {
  if (packet.command == DrbdCommand::ping) return send_meta(DrbdCommand::ping_ack, {});
  if (packet.command == DrbdCommand::ping_ack) {
    ++counters_.ping_acks;
    if (pings_.empty()) return truth_.violate("a ping was answered twice");
    return pings_.pop_front();
  }
  if (role_->on_meta(packet)) return;
  truth_.violate(format("there should be no packet {:x} on a meta stream now",
                        std::to_underlying(packet.command)));
  drop("unexpected packet");
}

// --- pings

void DrbdNode::ping() {
  ++counters_.pings;
  pings_.push_back(world_.now());
  send_meta(DrbdCommand::ping, {});
}

void DrbdNode::heed_pings() {
  const TimePoint now = world_.now();
  if (!pings_.empty() && now >= pings_.front() + options_.connect.ping_timeout) {
    ++counters_.ping_timeouts;
    return drop("a ping was not answered in time");
  }
  if (pings_.empty() && now >= meta_heard_at_ + options_.ping_interval) ping();
  const TimePoint next = pings_.empty() ? meta_heard_at_ + options_.ping_interval
                                        : pings_.front() + options_.connect.ping_timeout;
  world_.cancel(ping_timer_);
  ping_timer_ = world_.schedule(std::max(next, now), "drbd.ping", [this] {
    ping_timer_ = EventId{};
    heed_pings();
  });
}

void DrbdNode::ping_now_and_then() {
  if (options_.extra_pings_every == Duration(0)) return;
  extra_timer_ =
      world_.schedule_after(random_.exponential(options_.extra_pings_every), "drbd.extra", [this] {
        extra_timer_ = EventId{};
        ping();
        heed_pings();
        if (connected()) ping_now_and_then();
      });
}

}  // namespace longthrow::sim
