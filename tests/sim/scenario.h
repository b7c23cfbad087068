// SPDX-License-Identifier: Apache-2.0
// One seed: a pair of nodes, their applications and a fault plan; run, heal, settle, judge.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace longthrow::sim {

struct ScenarioReport {
  std::uint64_t seed = 0;
  std::vector<std::string> violations;  // empty: the seed passed
  std::string description;              // what was drawn
  std::uint64_t trace_hash = 0;
  std::uint64_t unseed = 0;
  std::uint64_t events = 0;
  std::uint64_t bytes_delivered = 0;
  double virtual_s = 0;
};

// Deterministic: the same seed gives the same report. `verbose` shows the nodes' log lines on
// stderr.
[[nodiscard]] ScenarioReport run_scenario(std::uint64_t seed, bool verbose);

}  // namespace longthrow::sim
