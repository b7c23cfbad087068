// SPDX-License-Identifier: Apache-2.0
#include "proxy/io/descriptor_reserve.h"

#include <sys/resource.h>

#include <algorithm>

namespace longthrow {
namespace {

// Bounds of one step of the reserve: lanes leave one step free, legs leave two.
constexpr rlim_t kStepMin = 4;
constexpr rlim_t kStepMax = 64;

}  // namespace

// Asked at each connection: prlimit(1) may change it at any time.
bool may_keep(int fd, SocketUse use) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return true;
  const rlim_t step = std::clamp(limit.rlim_cur / 8, kStepMin, kStepMax);
  const rlim_t kept = use == SocketUse::lane ? step : 2 * step;
  return static_cast<rlim_t>(fd) + kept < limit.rlim_cur;
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace longthrow
