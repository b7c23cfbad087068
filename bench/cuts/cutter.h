// SPDX-License-Identifier: Apache-2.0
// Takes cuts of a running chain in one of three ways, judges each, and counts.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

#include "bench/cuts/chain.h"

namespace longthrow {

enum class Method : std::uint8_t {
  naive,     // one look at each source's position, one after another
  observed,  // two looks in a row at what was received agree
  source,    // proven: proxy/cuts/source_prover.h
};

struct CutLimits {
  std::uint64_t cuts = 0;  // 0: no limit
  std::chrono::duration<double> time{10};
};

struct CutTally {
  std::uint64_t attempts = 0;
  std::uint64_t proven = 0;    // attempts that gave a cut
  std::uint64_t cuts = 0;      // of these, not the same as the one before
  std::uint64_t violated = 0;  // of `cuts`, as below
  std::uint64_t unchecked = 0;
  std::uint64_t records = 0;  // written meanwhile
  double seconds = 0;
  double cpu_s = 0;           // of the cutter
  double longest_wait_s = 0;  // from one attempt that gave a cut to the next
};

// Called about twice a second.
using Progress = std::function<void(const CutTally&)>;

[[nodiscard]] CutTally take_cuts(const Chain& chain, Method method, const CutLimits& limits,
                                 const Progress& progress);

}  // namespace longthrow
