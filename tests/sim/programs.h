// SPDX-License-Identifier: Apache-2.0
// The programs of a random world that speak plain TCP: a target behind each route, and sources that
// write to it. How they behave is drawn.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "tests/sim/application.h"
#include "tests/sim/cluster.h"

namespace longthrow::sim {

class Programs {
 public:
  using Sources = std::vector<std::unique_ptr<SourceApp>>;
  using Targets = std::vector<std::unique_ptr<TargetApp>>;

  // All of them outlive this. `random` is the scenario's own.
  Programs(SimNetwork& network, Cluster& cluster, Ledger& ledger, const FaultPlan& plan,
           RandomStream& random)
      : network_(network), cluster_(cluster), ledger_(ledger), plan_(plan), random_(random) {}

  void start_targets();
  enum class Endings : std::uint8_t { any, orderly };
  void start_sources(Endings endings);
  // One short stream on each route, which ends in order.
  void start_last_sources();
  // No more faults of theirs, and no further streams of those that run.
  void calm();
  // No source will write anything more.
  [[nodiscard]] bool finished() const;

  [[nodiscard]] const Sources& sources() const { return sources_; }
  [[nodiscard]] const Targets& targets() const { return targets_; }

 private:
  SourceEnding sample_ending();

  SimNetwork& network_;
  Cluster& cluster_;
  Ledger& ledger_;
  const FaultPlan& plan_;
  RandomStream& random_;
  Targets targets_;
  Sources sources_;
  bool calm_ = false;
  std::uint32_t next_number_ = 1;
};

}  // namespace longthrow::sim
