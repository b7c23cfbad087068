// SPDX-License-Identifier: Apache-2.0
// Finds the place of one checkpoint of a group whose programs write here, and gives it to the
// session as a cut.
#pragma once

#include <functional>
#include <string>

#include "longthrow/loop.h"
#include "longthrow/source_positions.h"
#include "proxy/cuts/checkpoint_placer.h"
#include "proxy/relay/group_cutter.h"

namespace longthrow {

// Belongs to the loop's thread. Destroyed only when idle().
class CheckpointMaker {
 public:
  enum class State : std::uint8_t { looking, placed, failed };
  struct Wanted {
    CheckpointPlacer::Sources sources = CheckpointPlacer::Sources::run;
    std::uint64_t id = 0;
    WallTime created{};
    std::string name;
    TimePoint deadline = kNever;
  };
  struct Parts {
    Loop& loop;
    SourcePositions* positions;  // null: no source can be read
    Peer& peer;
    GroupCutter& cutter;
    std::function<void()> on_change;  // state() or idle() has changed
  };
  CheckpointMaker(Parts parts, Wanted wanted);
  ~CheckpointMaker() { parts_.loop.disarm(timer_); }
  CheckpointMaker(const CheckpointMaker&) = delete;
  CheckpointMaker& operator=(const CheckpointMaker&) = delete;

  // Gives up, unless it is placed or has failed.
  void give_up(const std::string& why);
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] bool idle() const { return !collect_.operation.in_flight(); }
  [[nodiscard]] const Wanted& wanted() const { return wanted_; }
  [[nodiscard]] Proof proof() const { return proof_; }
  [[nodiscard]] const std::string& why() const { return why_; }  // of failed

 private:
  static constexpr Duration kPause = std::chrono::milliseconds(10);  // between two looks

  void look();
  void ask_sources();
  void on_collected(int result);
  void judge(std::span<const SourceReading> readings, TimePoint began, TimePoint ended);
  void place(Cut cut);
  void become(State state);

  const Parts parts_;
  const Wanted wanted_;
  CheckpointPlacer placer_;
  CheckpointPlacer::Members asked_;  // of the collect in flight
  SourceCollect collect_;
  Timer timer_;
  State state_ = State::looking;
  Proof proof_ = Proof::none;
  std::string why_;
};

}  // namespace longthrow
