// SPDX-License-Identifier: Apache-2.0
// What goes wrong inside the nodes of a random world: memory that goes bad, and memory that is
// refused. What goes wrong around them is drawn by faults.h.
#pragma once

#include <optional>
#include <string>

#include "tests/sim/checkers.h"
#include "tests/sim/cluster.h"
#include "tests/sim/memory_faults.h"

namespace longthrow::sim {

// Of the node's streams that have some: damages a frame that is stored. False: none has.
bool damage_stored_frame(NodeImpl& node, std::uint64_t which);

// What is drawn, is drawn by each from a stream of its own; but memory that goes bad, from
// `random`, the scenario's.
class NodeFaults {
 public:
  // All of them outlive this.
  NodeFaults(Cluster& cluster, SimWorld& world, RandomStream& random);
  ~NodeFaults();
  NodeFaults(const NodeFaults&) = delete;
  NodeFaults& operator=(const NodeFaults&) = delete;

  // Perhaps does something to one of the nodes.
  void act();
  void heal();
  // What of the nodes' counters is no fault of theirs.
  [[nodiscard]] ErrorChecker::Options excused() const {
    return {.damages_memory = damages_memory_, .refuses_memory = memory_[0].has_value()};
  }
  [[nodiscard]] const std::string& describe() const { return drawn_; }

 private:
  Cluster& cluster_;
  RandomStream& random_;
  const bool damages_memory_;
  std::optional<MemoryFaults> memory_[2];
  std::string drawn_;
};

}  // namespace longthrow::sim
