// SPDX-License-Identifier: Apache-2.0
// What the two nodes of a simulated DRBD do with their packets, once they are connected: the
// primary mirrors its program's writes and is the source of resyncs, the secondary is the target.
#pragma once

#include <set>

#include "tests/sim/drbd_packets.h"
#include "tests/sim/drbd_truth.h"

namespace longthrow::sim {

// The numbers of DRBD 8.4 in its state words.
enum class DrbdConnState : std::uint8_t {
  reports = 9,
  connected = 10,
  sync_source = 16,
  sync_target = 17,
  ahead = 22,
};
enum class DrbdDiskState : std::uint8_t { inconsistent = 4, unknown = 6, up_to_date = 8 };
struct DrbdState {
  std::uint32_t role = 2;  // 1: primary
  DrbdConnState connection = DrbdConnState::reports;
  DrbdDiskState disk = DrbdDiskState::up_to_date;
  DrbdDiskState peers_disk = DrbdDiskState::unknown;
  [[nodiscard]] std::uint32_t word() const {
    return role | (3 - role) << 2 | static_cast<std::uint32_t>(connection) << 4 |
           static_cast<std::uint32_t>(disk) << 9 | static_cast<std::uint32_t>(peers_disk) << 13;
  }
};
[[nodiscard]] inline DrbdDiskState disk_of(const DrbdPacket& state) {
  return static_cast<DrbdDiskState>(state.u32(0) >> 9 & 0xf);
}

// The node below: its two streams.
class DrbdWires {
 public:
  virtual void send_data(DrbdCommand command, const DrbdPayload& payload) = 0;
  virtual void send_meta(DrbdCommand command, const DrbdPayload& payload) = 0;
  // Of the data stream: not yet given to the kernel, and in all so far.
  [[nodiscard]] virtual std::size_t queued_bytes() const = 0;
  [[nodiscard]] virtual std::uint64_t sent_bytes() const = 0;

 protected:
  ~DrbdWires() = default;
};

class DrbdRole {
 public:
  virtual ~DrbdRole() = default;
  [[nodiscard]] virtual DrbdState state() const = 0;
  // Of the handshake, or later.
  virtual void on_state(const DrbdPacket& packet) = 0;
  // False: there should be no such packet now.
  [[nodiscard]] virtual bool on_data(const DrbdPacket& packet) = 0;
  [[nodiscard]] virtual bool on_meta(const DrbdPacket& packet) = 0;
  virtual void on_dropped() = 0;
};

[[nodiscard]] DrbdPayload encode_bitmap(const std::set<DrbdBlock>& blocks, std::size_t size);
void decode_bitmap(const DrbdPacket& packet, std::set<DrbdBlock>& into);
// Of a block in 512-byte sectors.
[[nodiscard]] constexpr std::uint64_t sector_of(DrbdBlock block) {
  return std::uint64_t{block} * (DrbdTruth::kBlockBytes / 512);
}
[[nodiscard]] constexpr DrbdBlock block_at(std::uint64_t sector) {
  return static_cast<DrbdBlock>(sector / (DrbdTruth::kBlockBytes / 512));
}
inline constexpr std::uint32_t kDrbdWantsWriteAck = 256;  // in dp_flags

}  // namespace longthrow::sim
