// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/drbd_secondary.h"

#include <algorithm>

namespace longthrow::sim {
namespace {
constexpr std::size_t kRequestsMax = 8;        // without a reply
constexpr std::size_t kBlockHeaderBytes = 24;  // sector, id, sequence, flags
}  // namespace

DrbdSecondary::DrbdSecondary(SimWorld& world, DrbdTruth& truth, DrbdWires& wires,
                             Duration disk_delay)
    : world_(world), truth_(truth), wires_(wires), disk_delay_(disk_delay) {}

DrbdState DrbdSecondary::state() const { return {.disk = disk_}; }

void DrbdSecondary::on_dropped() {
  world_.cancel(ack_);
  acks_.clear();
  epoch_writes_ = 0;
  to_request_.clear();
  requests_.clear();
}

bool DrbdSecondary::on_data(const DrbdPacket& packet) {
  switch (packet.command) {
    case DrbdCommand::data:
      return apply_write(packet);
    case DrbdCommand::barrier:
      acknowledge_later(packet.u32(0));
      return true;
    case DrbdCommand::bitmap:
      take_bitmap(packet);
      return true;
    case DrbdCommand::out_of_sync:
      missing_.insert(block_at(packet.u64(0)));
      return true;
    case DrbdCommand::sync_uuid:
      begin_resync();
      return true;
    case DrbdCommand::resync_reply:
      return take_reply(packet);
    default:
      return false;
  }
}

// --- writes

bool DrbdSecondary::apply_write(const DrbdPacket& packet) {
  if (packet.payload.size() < kBlockHeaderBytes) return false;
  const ByteView content = ByteView(packet.payload).subspan(kBlockHeaderBytes);
  truth_.apply(block_at(packet.u64(0)), packet.u64(8), content, DrbdTruth::How::mirrored);
  ++epoch_writes_;
  if ((packet.u32(20) & kDrbdWantsWriteAck) == 0) return true;
  wires_.send_meta(DrbdCommand::write_ack, DrbdPayload()
                                               .u64(packet.u64(0))
                                               .u64(packet.u64(8))
                                               .u32(DrbdTruth::kBlockBytes)
                                               .u32(packet.u32(16)));
  return true;
}

void DrbdSecondary::acknowledge_later(std::uint32_t epoch) {
  acks_.push_back({world_.now() + disk_delay_, epoch, std::exchange(epoch_writes_, 0)});
  if (!ack_.set()) acknowledge();
}

void DrbdSecondary::acknowledge() {
  ack_ = EventId{};
  while (!acks_.empty() && acks_.front().due <= world_.now()) {
    const Ack ack = acks_.front();
    acks_.pop_front();
    wires_.send_meta(DrbdCommand::barrier_ack, DrbdPayload().u32(ack.epoch).u32(ack.writes));
  }
  if (!acks_.empty())
    ack_ = world_.schedule(acks_.front().due, "drbd.disk", [this] { acknowledge(); });
}

// --- resync

void DrbdSecondary::take_bitmap(const DrbdPacket& packet) {
  wires_.send_data(DrbdCommand::bitmap, encode_bitmap(missing_, truth_.secondary.size()));
  decode_bitmap(packet, missing_);
}

void DrbdSecondary::begin_resync() {
  disk_ = DrbdDiskState::inconsistent;
  to_request_ = missing_;
  request_more();
}

void DrbdSecondary::request_more() {
  while (!to_request_.empty() && requests_.size() < kRequestsMax) {
    const DrbdBlock block = to_request_.extract(to_request_.begin()).value();
    const std::uint64_t id = next_request_++;
    requests_[id] = block;
    wires_.send_data(
        DrbdCommand::resync_request,
        DrbdPayload().u64(sector_of(block)).u64(id).u32(DrbdTruth::kBlockBytes).u32(0));
  }
  if (!missing_.empty()) return;
  disk_ = DrbdDiskState::up_to_date;
  truth_.judge_prefix("at the end of a resync");
  wires_.send_data(DrbdCommand::state, DrbdPayload().u32(state().word()));
}

bool DrbdSecondary::take_reply(const DrbdPacket& packet) {
  const auto request = requests_.find(packet.u64(8));
  if (request == requests_.end() || request->second != block_at(packet.u64(0)) ||
      packet.payload.size() < kBlockHeaderBytes)
    return false;
  const DrbdBlock block = request->second;
  requests_.erase(request);
  const ByteView content = ByteView(packet.payload).subspan(kBlockHeaderBytes);
  truth_.apply(block, packet.u32(16), content, DrbdTruth::How::resynced);
  ++resynced_;
  missing_.erase(block);
  wires_.send_meta(
      DrbdCommand::resync_write_ack,
      DrbdPayload().u64(packet.u64(0)).u64(packet.u64(8)).u32(DrbdTruth::kBlockBytes).u32(0));
  request_more();
  return true;
}

}  // namespace longthrow::sim
