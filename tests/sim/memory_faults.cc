// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/memory_faults.h"

#include "proxy/base/log.h"

namespace longthrow::sim {

void MemoryFaults::refuse_one(MemoryRequest kind, std::uint64_t later) {
  plan(kind).one = plan(kind).asked + later;
}

void MemoryFaults::refuse_in_bursts(MemoryRequest kind, const Bursts& bursts) {
  plan(kind).bursts = bursts;
}

std::string MemoryFaults::draw() {
  constexpr std::array kNames = {"staging", "sent", "received"};
  // The first is drawn for certain.
  const auto first = static_cast<std::size_t>(random_.below(kMemoryRequests.size()));
  std::string drawn;
  for (std::size_t i = 0; i < kMemoryRequests.size(); ++i) {
    if (i != first && !random_.chance(0.4)) continue;
    const Bursts bursts{
        .ratio =
            static_cast<double>(random_.log_between(std::uint64_t{1}, std::uint64_t{100})) / 1000,
        .requests_max = random_.log_between(std::uint64_t{1}, std::uint64_t{40})};
    refuse_in_bursts(kMemoryRequests[i], bursts);
    drawn += format(" {} {:.3f} up to {}", kNames[i], bursts.ratio, bursts.requests_max);
  }
  return drawn;
}

void MemoryFaults::heal() {
  for (Plan& its : plans_) {
    its.one.reset();
    its.bursts = {};
    its.left = 0;
  }
}

bool MemoryFaults::refuses(MemoryRequest kind) {
  Plan& its = plan(kind);
  const bool is_the_one = its.one == its.asked;
  ++its.asked;
  const bool refused = draw_refusal(its) || is_the_one;
  its.refused += refused ? 1 : 0;
  return refused;
}

bool MemoryFaults::draw_refusal(Plan& its) {
  if (its.left == 0 && random_.chance(its.bursts.ratio))
    its.left = random_.between(std::uint64_t{1}, its.bursts.requests_max);
  if (its.left == 0) return false;
  --its.left;
  return true;
}

}  // namespace longthrow::sim
