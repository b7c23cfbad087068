// SPDX-License-Identifier: Apache-2.0
// The simulated host of the sources, as socket diagnostics show it: how far each program has
// written. It reads sockets one after the other while time passes; of each it reads the queue
// first, and what was acknowledged a moment later, as Linux does.
#pragma once

#include <map>
#include <string>

#include "longthrow/source_positions.h"
#include "tests/sim/network.h"
#include "tests/sim/sim_loop.h"

namespace longthrow::sim {

class SimSources final : public SourcePositions {
 public:
  // elsewhere: the programs run on another host.
  enum class Reach : std::uint8_t { here, elsewhere };
  SimSources(SimNetwork& network, SimLoop& loop, const std::string& name, Reach reach);
  ~SimSources() override { LT_ASSERT(in_flight_.empty()); }

  void collect(SourceCollect& collect) override;
  void cancel(SourceCollect&) override {}
  // The process has died: no collect completes any more.
  void kill();

 private:
  static constexpr std::size_t kPasses = 4;
  void read_queue(SourceCollect& collect, std::size_t step);
  void read_acknowledged(SourceCollect& collect, std::size_t step, SourceReading reading);
  void end(SourceCollect& collect);
  [[nodiscard]] Duration moment();

  SimNetwork& network_;
  SimWorld& world_;
  SimLoop& loop_;
  RandomStream random_;
  const Reach reach_;
  std::map<SourceCollect*, EventId> in_flight_;
};

}  // namespace longthrow::sim
