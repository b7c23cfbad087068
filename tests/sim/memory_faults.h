// SPDX-License-Identifier: Apache-2.0
// Memory that a node of the simulation does not get: its arena refuses by a plan.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "proxy/buffer/refusals.h"
#include "tests/sim/random_stream.h"

namespace longthrow::sim {

inline constexpr std::array kMemoryRequests = {MemoryRequest::staging, MemoryRequest::sent_frame,
                                               MemoryRequest::received_frame};

// Of each kind of request, apart: which of them are refused.
class MemoryFaults final : public Refusals {
 public:
  // A burst begins at `ratio` of the requests and lasts for 1 to `requests_max` of them.
  struct Bursts {
    double ratio = 0;
    std::uint64_t requests_max = 1;
  };

  explicit MemoryFaults(RandomStream random) : random_(random) {}

  // The request after the next `later` ones, and no other.
  void refuse_one(MemoryRequest kind, std::uint64_t later);
  void refuse_in_bursts(MemoryRequest kind, const Bursts& bursts);
  // Draws which kinds are refused in bursts, at least one of them. Returns what was drawn.
  std::string draw();
  // Nothing is refused from now on.
  void heal();

  // Of all requests of the kind, so far.
  [[nodiscard]] std::uint64_t asked(MemoryRequest kind) const { return plan(kind).asked; }
  [[nodiscard]] std::uint64_t refused(MemoryRequest kind) const { return plan(kind).refused; }

  [[nodiscard]] bool refuses(MemoryRequest kind) override;

 private:
  struct Plan {
    std::uint64_t asked = 0;
    std::uint64_t refused = 0;
    std::optional<std::uint64_t> one;  // by `asked`
    Bursts bursts;
    std::uint64_t left = 0;  // of the burst
  };
  Plan& plan(MemoryRequest kind) { return plans_[static_cast<std::size_t>(kind)]; }
  [[nodiscard]] const Plan& plan(MemoryRequest kind) const {
    return plans_[static_cast<std::size_t>(kind)];
  }
  [[nodiscard]] bool draw_refusal(Plan& its);

  RandomStream random_;
  std::array<Plan, kMemoryRequests.size()> plans_;
};

}  // namespace longthrow::sim
