// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/node_faults.h"

#include <iterator>

namespace longthrow::sim {

bool damage_stored_frame(NodeImpl& node, std::uint64_t which) {
  const Channels::All& all = node.find_link("wan")->channels().all();
  if (all.empty()) return false;
  const auto channel = std::next(all.begin(), static_cast<std::ptrdiff_t>(which % all.size()));
  return channel->second->attached() && channel->second->core().out.damage_stored(which);
}

NodeFaults::NodeFaults(Cluster& cluster, SimWorld& world, RandomStream& random)
    : cluster_(cluster), random_(random), damages_memory_(random.chance(0.2)) {
  if (damages_memory_) drawn_ += "; damaged memory";
  if (!world.stream("refusals").chance(0.25)) return;
  for (const int side : {0, 1}) {
    memory_[side].emplace(world.stream("refusals", static_cast<std::uint64_t>(side) + 1));
    drawn_ += format("; side {} refuses memory:", side) + memory_[side]->draw();
    cluster_.set_refusals(side, &*memory_[side]);
  }
}

NodeFaults::~NodeFaults() {
  for (const int side : {0, 1}) cluster_.set_refusals(side, nullptr);
}

void NodeFaults::act() {
  if (!damages_memory_ || !random_.chance(0.2)) return;
  NodeImpl* node = cluster_.node(static_cast<int>(random_.below(2)));
  if (node != nullptr) (void)damage_stored_frame(*node, random_.next());
}

void NodeFaults::heal() {
  for (auto& memory : memory_) {
    if (memory) memory->heal();
  }
}

}  // namespace longthrow::sim
