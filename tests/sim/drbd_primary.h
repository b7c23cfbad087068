// SPDX-License-Identifier: Apache-2.0
// The primary of a simulated DRBD: its program's writes, mirrored in epochs, and the source of
// resyncs: of what was written while there was no connection, or not acknowledged before it ended.
#pragma once

#include <deque>
#include <map>
#include <set>

#include "tests/sim/drbd_role.h"
#include "tests/sim/world.h"

namespace longthrow::sim {

struct DrbdProgramOptions {
  double writes_per_s = 0;
  int epoch_writes_max = 16;
  bool write_acks = false;                      // of each write, protocol C
  std::size_t queue_bytes_max = 128 * kKiB;     // beyond, the program waits
  std::uint64_t congestion_bytes = UINT64_MAX;  // in flight: it pulls ahead
};

class DrbdPrimary final : public DrbdRole {
 public:
  DrbdPrimary(SimWorld& world, DrbdTruth& truth, DrbdWires& wires, DrbdProgramOptions options);
  ~DrbdPrimary() override;
  DrbdProgramOptions& options() { return options_; }
  // Its program writes so many blocks now.
  void write(int count);
  [[nodiscard]] DrbdState state() const override;
  void on_state(const DrbdPacket& packet) override;
  [[nodiscard]] bool on_data(const DrbdPacket& packet) override;
  [[nodiscard]] bool on_meta(const DrbdPacket& packet) override;
  void on_dropped() override;
  // Everything that was written is known to be on the peer's disk.
  [[nodiscard]] bool in_sync() const {
    return phase_ == Phase::mirroring && epochs_.empty() && out_of_sync_.empty();
  }
  [[nodiscard]] bool resyncs() const { return phase_ == Phase::source; }
  [[nodiscard]] bool is_ahead() const { return phase_ == Phase::ahead; }
  // Mirrored over the connection of now within so many bytes of its data stream.
  [[nodiscard]] std::vector<DrbdWrite> mirrored(std::uint64_t bytes) const;
  [[nodiscard]] std::uint64_t barrier_acks() const { return barrier_acks_; }
  [[nodiscard]] std::uint64_t write_acks() const { return write_acks_; }

 private:
  enum class Phase : std::uint8_t { down, bitmap, mirroring, source, ahead };
  struct Epoch {
    std::uint32_t number = 0;
    bool closed = false;  // its barrier is sent
    std::vector<DrbdWrite> writes;
  };
  struct Reply {
    DrbdBlock block = 0;
    DrbdWrite write = 0;
  };
  void tick();
  void write_one();
  void mirror(DrbdBlock block, DrbdWrite write);
  void close_epoch();
  void send_state();
  void begin_resync();
  [[nodiscard]] bool on_barrier_ack(const DrbdPacket& packet);
  void answer_request(const DrbdPacket& packet);
  [[nodiscard]] bool on_resync_write_ack(const DrbdPacket& packet);

  SimWorld& world_;
  DrbdTruth& truth_;
  DrbdWires& wires_;
  DrbdProgramOptions options_;
  RandomStream random_;
  Phase phase_ = Phase::down;
  DrbdDiskState peers_disk_ = DrbdDiskState::unknown;
  std::set<DrbdBlock> out_of_sync_;
  std::deque<Epoch> epochs_;
  std::uint32_t next_epoch_ = 1;
  std::uint64_t in_flight_bytes_ = 0;
  std::map<std::uint64_t, DrbdWrite> mirrored_;  // by where they end in the data stream
  std::map<std::uint64_t, Reply> replies_;       // by the request's id
  std::uint64_t barrier_acks_ = 0;
  std::uint64_t write_acks_ = 0;
  EventId tick_;
  EventId barrier_;
};

}  // namespace longthrow::sim
