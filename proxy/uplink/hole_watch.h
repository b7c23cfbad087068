// SPDX-License-Identifier: Apache-2.0
// A link that is up and carries nothing: small packets pass, so connections and heartbeats stand,
// and full ones vanish without a word (an MTU hole: RFC 2923, 2.1). The kernel's remedy, probing
// (RFC 4821), is a sysctl of the network namespace and no option of a socket: so the state is
// named.
#pragma once

#include <cstdint>
#include <map>
#include <span>

#include "longthrow/time.h"

namespace longthrow {

class HoleWatch {
 public:
  // So long must bytes have been under way on lanes that stand, and none got through.
  static constexpr Duration kStuckFor = std::chrono::seconds(15);
  // More than a lane's own beginning (hello, heartbeats) brings in one interval.
  static constexpr std::uint64_t kProgressBytes = 4096;

  struct Lane {
    const void* id = nullptr;  // while it stands
    std::uint64_t acknowledged_bytes = 0;
    std::uint64_t outstanding_bytes = 0;
  };
  // Every `interval`, of the bulk lanes that stand now; lanes that are dialled anew change nothing.
  void on_tick(Duration interval, std::span<const Lane> lanes);
  // Nothing waits for the peer any more.
  void on_empty();
  [[nodiscard]] bool stuck() const { return stuck_ >= kStuckFor; }
  [[nodiscard]] Duration stuck_for() const { return stuck_; }

 private:
  std::map<const void*, std::uint64_t> acknowledged_;  // by lane, at its last progress
  Duration stuck_{0};
};

}  // namespace longthrow
