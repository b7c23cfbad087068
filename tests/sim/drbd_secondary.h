// SPDX-License-Identifier: Apache-2.0
// The secondary of a simulated DRBD: what was read from the data stream is on its disk at once, and
// acknowledged later. The target of resyncs.
#pragma once

#include <deque>
#include <map>
#include <set>

#include "tests/sim/drbd_role.h"
#include "tests/sim/world.h"

namespace longthrow::sim {

class DrbdSecondary final : public DrbdRole {
 public:
  // `disk_delay`: from what was read to its acknowledgement.
  DrbdSecondary(SimWorld& world, DrbdTruth& truth, DrbdWires& wires, Duration disk_delay);
  ~DrbdSecondary() override { world_.cancel(ack_); }
  void set_disk_delay(Duration delay) { disk_delay_ = delay; }
  [[nodiscard]] DrbdState state() const override;
  void on_state(const DrbdPacket&) override {}
  [[nodiscard]] bool on_data(const DrbdPacket& packet) override;
  [[nodiscard]] bool on_meta(const DrbdPacket&) override { return false; }
  void on_dropped() override;
  [[nodiscard]] bool up_to_date() const { return disk_ == DrbdDiskState::up_to_date; }
  [[nodiscard]] std::uint64_t resynced() const { return resynced_; }

 private:
  struct Ack {
    TimePoint due;
    std::uint32_t epoch = 0;
    std::uint32_t writes = 0;
  };
  [[nodiscard]] bool apply_write(const DrbdPacket& packet);
  void acknowledge_later(std::uint32_t epoch);
  void acknowledge();
  void take_bitmap(const DrbdPacket& packet);
  void begin_resync();
  void request_more();
  [[nodiscard]] bool take_reply(const DrbdPacket& packet);

  SimWorld& world_;
  DrbdTruth& truth_;
  DrbdWires& wires_;
  Duration disk_delay_;
  DrbdDiskState disk_ = DrbdDiskState::up_to_date;
  std::set<DrbdBlock> missing_;
  std::set<DrbdBlock> to_request_;
  std::map<std::uint64_t, DrbdBlock> requests_;
  std::uint64_t next_request_ = 1;
  std::uint64_t resynced_ = 0;
  std::uint32_t epoch_writes_ = 0;
  std::deque<Ack> acks_;
  EventId ack_;
};

}  // namespace longthrow::sim
