// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/drbd_node.h"

#include <algorithm>

#include "proxy/base/log.h"

namespace longthrow::sim {
namespace {
constexpr std::uint32_t kProtocolMin = 86;
constexpr std::size_t kFeaturesBytes = 72;
constexpr Duration kRestartMax = std::chrono::seconds(1);
}  // namespace

DrbdNode::DrbdNode(SimNetwork& network, DrbdTruth& truth, DrbdPart part, DrbdNodeOptions options)
    : network_(network),
      world_(network.world()),
      truth_(truth),
      options_(std::move(options)),
      random_(world_.stream("drbd.node", static_cast<std::uint64_t>(options_.connect.host))),
      connector_(network, options_.connect, [this](DrbdStreamPtr data, DrbdStreamPtr meta) {
        on_pair(std::move(data), std::move(meta));
      }) {
  DrbdWires& wires = *this;
  if (part == DrbdPart::primary) {
    primary_ = std::make_unique<DrbdPrimary>(world_, truth, wires, options_.program);
    role_ = primary_.get();
  } else {
    secondary_ = std::make_unique<DrbdSecondary>(world_, truth, wires, options_.disk_delay);
    role_ = secondary_.get();
  }
}

void DrbdNode::start() {
  if (stage_ != Stage::away) return;
  stage_ = Stage::connecting;
  connector_.start(random_.between(Duration(0), kRestartMax));
}

void DrbdNode::stop() {
  connector_.stop();
  let_go();
  stage_ = Stage::away;
}

void DrbdNode::stall_data(TimePoint until) { stalled_until_ = until; }

DrbdNode::Counters DrbdNode::counters() const {
  Counters counters = counters_;
  counters.crossed = connector_.crossed();
  return counters;
}

// --- from two connections to one

void DrbdNode::on_pair(DrbdStreamPtr data, DrbdStreamPtr meta) {
  data_ = std::move(data);
  meta_ = std::move(meta);
  counters_.data_bytes += data_->received_bytes();
  stage_ = Stage::features;
  header_ = DrbdHeader::of_8_bytes;
  reading_since_ = meta_heard_at_ = world_.now();
  limit(4 * options_.connect.ping_timeout, "features");
  send_data(
      DrbdCommand::features,
      DrbdPayload().u32(kProtocolMin).u32(0).u32(options_.protocol_max).zeros(kFeaturesBytes - 12));
  for (const auto* stream : {&data_, &meta_}) {
    network_.keep_alive((*stream)->socket());
    network_.watch((*stream)->socket(), this);
  }
}

void DrbdNode::on_features(const DrbdPacket& packet) {
  if (packet.command != DrbdCommand::features || packet.payload.size() != kFeaturesBytes)
    return drop("no features");
  header_ = header_of(std::min(packet.u32(8), options_.protocol_max));
  stage_ = Stage::reports;
  limit(10 * options_.connect.ping_timeout, "states");
  send_data(DrbdCommand::protocol, DrbdPayload().zeros(24));
  send_data(DrbdCommand::sizes, DrbdPayload().u64(truth_.primary.size() * 8).zeros(24));
  send_data(DrbdCommand::state, DrbdPayload().u32(role_->state().word()));
}

void DrbdNode::be_connected() {
  stage_ = Stage::connected;
  world_.cancel(limit_timer_);
  ++counters_.connects;
  meta_heard_at_ = world_.now();
  heed_pings();
  ping_now_and_then();
  pump_meta();
}

void DrbdNode::limit(Duration time, const char* stage) {
  world_.cancel(limit_timer_);
  limit_timer_ = world_.schedule_after(time, "drbd.limit", [this, stage] {
    limit_timer_ = EventId{};
    drop(format("no {} in time", stage));
  });
}

// --- ends

void DrbdNode::drop(std::string why) {
  last_drop_ = std::move(why);
  if (stage_ == Stage::connected) ++counters_.drops;
  let_go();
  stage_ = Stage::connecting;
  connector_.start(random_.between(Duration(0), kRestartMax));
}

void DrbdNode::let_go() {
  for (EventId* timer : {&limit_timer_, &ping_timer_, &extra_timer_, &read_timer_})
    world_.cancel(*timer);
  if (data_ != nullptr) data_was_reset_ = data_->was_reset();
  data_.reset();
  meta_.reset();
  pings_.clear();
  role_->on_dropped();
}

}  // namespace longthrow::sim
