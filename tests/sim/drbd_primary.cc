// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/drbd_primary.h"

#include <algorithm>
#include <utility>

#include "proxy/base/log.h"

namespace longthrow::sim {
namespace {
constexpr Duration kIdleBeforeBarrier = std::chrono::milliseconds(50);
constexpr Duration kIdleTick = std::chrono::milliseconds(100);
constexpr std::uint64_t kSyncUuid = 0x5eed;
}  // namespace

DrbdPayload encode_bitmap(const std::set<DrbdBlock>& blocks, std::size_t size) {
  DrbdPayload payload;
  const ByteSpan bits = payload.space((size + 7) / 8);
  for (const DrbdBlock block : blocks)
    bits[block / 8] |= std::byte{1} << static_cast<int>(block % 8);
  return payload;
}

void decode_bitmap(const DrbdPacket& packet, std::set<DrbdBlock>& into) {
  for (std::size_t block = 0; block < packet.payload.size() * 8; ++block) {
    const std::byte bit = std::byte{1} << static_cast<int>(block % 8);
    if ((packet.payload[block / 8] & bit) != std::byte{0})
      into.insert(static_cast<DrbdBlock>(block));
  }
}

DrbdPrimary::DrbdPrimary(SimWorld& world, DrbdTruth& truth, DrbdWires& wires,
                         DrbdProgramOptions options)
    : world_(world),
      truth_(truth),
      wires_(wires),
      options_(options),
      random_(world.stream("drbd.primary")) {
  tick();
}

DrbdPrimary::~DrbdPrimary() {
  world_.cancel(tick_);
  world_.cancel(barrier_);
}

// --- its program

void DrbdPrimary::tick() {
  const double rate = options_.writes_per_s;
  const Duration mean =
      rate > 0 ? std::chrono::duration_cast<Duration>(std::chrono::duration<double>(1 / rate))
               : kIdleTick;
  tick_ = world_.schedule_after(random_.between(mean / 2, mean * 3 / 2), "drbd.write", [this] {
    if (options_.writes_per_s > 0) write_one();
    tick();
  });
}

void DrbdPrimary::write(int count) {
  for (int i = 0; i < count; ++i) write_one();
}

void DrbdPrimary::write_one() {
  const bool mirrors = phase_ == Phase::mirroring || phase_ == Phase::source;
  if (mirrors && wires_.queued_bytes() > options_.queue_bytes_max) return;
  const auto block = static_cast<DrbdBlock>(random_.below(truth_.primary.size()));
  const DrbdWrite write = truth_.write(block);
  if (mirrors) return mirror(block, write);
  out_of_sync_.insert(block);
  if (phase_ == Phase::down) return;
  wires_.send_data(DrbdCommand::out_of_sync,
                   DrbdPayload().u64(sector_of(block)).u32(DrbdTruth::kBlockBytes).u32(0));
}

void DrbdPrimary::mirror(DrbdBlock block, DrbdWrite write) {
  DrbdPayload payload;
  payload.u64(sector_of(block)).u64(write).u32(static_cast<std::uint32_t>(write));
  payload.u32(options_.write_acks ? kDrbdWantsWriteAck : 0);
  DrbdTruth::fill(write, payload.space(DrbdTruth::kBlockBytes));
  if (epochs_.empty() || epochs_.back().closed)
    epochs_.push_back({.number = next_epoch_++, .closed = false, .writes = {}});
  epochs_.back().writes.push_back(write);
  in_flight_bytes_ += DrbdTruth::kBlockBytes;
  wires_.send_data(DrbdCommand::data, payload);
  mirrored_[wires_.sent_bytes()] = write;
  const auto most = static_cast<std::uint64_t>(options_.epoch_writes_max);
  if (epochs_.back().writes.size() >= random_.between(std::uint64_t{1}, most)) {
    close_epoch();
  } else {
    world_.cancel(barrier_);
    barrier_ = world_.schedule_after(kIdleBeforeBarrier, "drbd.barrier", [this] { close_epoch(); });
  }
  if (phase_ == Phase::mirroring && in_flight_bytes_ > options_.congestion_bytes) {
    close_epoch();
    phase_ = Phase::ahead;
    send_state();
  }
}

void DrbdPrimary::close_epoch() {
  world_.cancel(barrier_);
  if (epochs_.empty() || epochs_.back().closed) return;
  epochs_.back().closed = true;
  wires_.send_data(DrbdCommand::barrier, DrbdPayload().u32(epochs_.back().number).u32(0));
}

std::vector<DrbdWrite> DrbdPrimary::mirrored(std::uint64_t bytes) const {
  std::vector<DrbdWrite> writes;
  for (const auto& [end, write] : mirrored_) {
    if (end <= bytes) writes.push_back(write);
  }
  return writes;
}

// --- states

DrbdState DrbdPrimary::state() const {
  DrbdState state{.role = 1, .peers_disk = peers_disk_};
  if (phase_ == Phase::mirroring) state.connection = DrbdConnState::connected;
  if (phase_ == Phase::source) state.connection = DrbdConnState::sync_source;
  if (phase_ == Phase::ahead) state.connection = DrbdConnState::ahead;
  return state;
}

void DrbdPrimary::send_state() {
  wires_.send_data(DrbdCommand::state, DrbdPayload().u32(state().word()));
}

void DrbdPrimary::on_state(const DrbdPacket& packet) {
  peers_disk_ = disk_of(packet);
  const bool whole = peers_disk_ == DrbdDiskState::up_to_date;
  if (phase_ == Phase::down && (!whole || !out_of_sync_.empty())) {
    phase_ = Phase::bitmap;
    wires_.send_data(DrbdCommand::bitmap, encode_bitmap(out_of_sync_, truth_.primary.size()));
  } else if (phase_ == Phase::down || (phase_ == Phase::source && whole)) {
    phase_ = Phase::mirroring;
    out_of_sync_.clear();
    replies_.clear();
  }
}

// The packet says it all: a state is sent only to say that it is no longer ahead.
void DrbdPrimary::begin_resync() {
  const bool was_ahead = std::exchange(phase_, Phase::source) == Phase::ahead;
  if (was_ahead) send_state();
  peers_disk_ = DrbdDiskState::inconsistent;
  wires_.send_data(DrbdCommand::sync_uuid, DrbdPayload().u64(kSyncUuid));
}

void DrbdPrimary::on_dropped() {
  world_.cancel(barrier_);
  for (const Epoch& epoch : epochs_) {
    for (const DrbdWrite write : epoch.writes) out_of_sync_.insert(truth_.block_of(write));
  }
  epochs_.clear();
  mirrored_.clear();
  in_flight_bytes_ = 0;
  replies_.clear();
  peers_disk_ = DrbdDiskState::unknown;
  phase_ = Phase::down;
}

// --- packets

bool DrbdPrimary::on_data(const DrbdPacket& packet) {
  if (packet.command == DrbdCommand::bitmap && phase_ == Phase::bitmap) {
    decode_bitmap(packet, out_of_sync_);
    begin_resync();
    return true;
  }
  if (packet.command != DrbdCommand::resync_request || phase_ != Phase::source) return false;
  answer_request(packet);
  return true;
}

void DrbdPrimary::answer_request(const DrbdPacket& packet) {
  const DrbdBlock block = block_at(packet.u64(0));
  const DrbdWrite write = truth_.primary.at(block);
  replies_[packet.u64(8)] = {block, write};
  DrbdPayload reply;
  reply.u64(packet.u64(0)).u64(packet.u64(8)).u32(static_cast<std::uint32_t>(write)).u32(0);
  DrbdTruth::fill(write, reply.space(DrbdTruth::kBlockBytes));
  wires_.send_data(DrbdCommand::resync_reply, reply);
}

bool DrbdPrimary::on_meta(const DrbdPacket& packet) {
  switch (packet.command) {
    case DrbdCommand::barrier_ack:
      return on_barrier_ack(packet);
    case DrbdCommand::write_ack:
      ++write_acks_;
      truth_.judge_told(packet.u64(8), "a write's acknowledgement");
      return true;
    case DrbdCommand::resync_write_ack:
      return on_resync_write_ack(packet);
    default:
      return false;
  }
}

bool DrbdPrimary::on_barrier_ack(const DrbdPacket& packet) {
  if (epochs_.empty() || !epochs_.front().closed || epochs_.front().number != packet.u32(0))
    return false;
  const Epoch& epoch = epochs_.front();
  if (epoch.writes.size() != packet.u32(4))
    truth_.violate(format("epoch {} has {} writes, and {} are acknowledged", epoch.number,
                          epoch.writes.size(), packet.u32(4)));
  for (const DrbdWrite write : epoch.writes)
    truth_.judge_told(write, "a barrier's acknowledgement");
  in_flight_bytes_ -= epoch.writes.size() * DrbdTruth::kBlockBytes;
  ++barrier_acks_;
  epochs_.pop_front();
  if (phase_ == Phase::ahead && epochs_.empty()) begin_resync();
  return true;
}

// May come when the resync is over already: then its block is in sync anyway.
bool DrbdPrimary::on_resync_write_ack(const DrbdPacket& packet) {
  const auto reply = replies_.find(packet.u64(8));
  if (reply == replies_.end()) return true;
  const auto [block, write] = reply->second;
  if (write > 0) truth_.judge_told(write, "a resync's acknowledgement");
  out_of_sync_.erase(block);
  replies_.erase(reply);
  return true;
}

}  // namespace longthrow::sim
