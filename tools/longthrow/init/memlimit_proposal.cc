// SPDX-License-Identifier: Apache-2.0
#include "tools/longthrow/init/memlimit_proposal.h"

#include <algorithm>
#include <cmath>

#include "longthrow/config.h"
#include "proxy/base/log.h"
#include "proxy/config/units.h"
#include "tools/longthrow/human.h"

namespace longthrow::cli {
namespace {

constexpr std::uint64_t kStep = 64 * kMiB;  // proposals are multiples of it
constexpr double kMostBytes = 1e15;         // rates and times that nobody means

std::uint64_t round_up(double bytes) {
  const double steps = std::ceil(std::min(bytes, kMostBytes) / static_cast<double>(kStep));
  return static_cast<std::uint64_t>(std::max(steps, 1.0)) * kStep;
}

// Half of what check_memory() lets the links of a node have. None: not known.
std::optional<std::uint64_t> most(const MemoryLimits& machine) {
  std::optional<std::uint64_t> all;
  if (machine.ram_bytes > 0) all = machine.ram_bytes / 5 * 4;
  if (machine.cgroup_bytes)
    all = std::min(all.value_or(*machine.cgroup_bytes), *machine.cgroup_bytes);
  if (!all) return std::nullopt;
  const std::uint64_t for_links = *all - std::min(*all, kLinkOverheadBytes);
  return std::max(for_links / 2 / kStep * kStep, kMemlimitMin);
}

}  // namespace

Proposal propose_memlimit(const Sizing& sizing) {
  const auto rate = sizing.writes ? sizing.writes : sizing.bandwidth;
  const auto cap = most(sizing.machine);
  if (!rate || *rate == 0 || sizing.outage <= Duration(0)) {
    const std::uint64_t usual = std::min(kGiB, cap.value_or(kGiB));
    return {usual, format("{}, as nothing is said of the bandwidth and the outage to survive",
                          show_size(usual))};
  }
  const double seconds = seconds_of(sizing.outage);
  const std::uint64_t wanted = round_up(static_cast<double>(*rate) * seconds * 4 / 3);
  const std::string what = sizing.writes ? "written without compression" : "of the WAN's rate";
  const std::string rule = format("{} of {} {}, times 4/3", show_duration(sizing.outage),
                                  human_rate(static_cast<double>(*rate)), what);
  if (!cap || wanted <= *cap) return {wanted, format("{}: {}", show_size(wanted), rule)};
  const double survives = static_cast<double>(*cap) * 3 / 4 / static_cast<double>(*rate);
  return {*cap, format("{}: half of what this machine can give; {} would be {}, this survives {}",
                       show_size(*cap), rule, show_size(wanted), human_seconds(survives))};
}

}  // namespace longthrow::cli
