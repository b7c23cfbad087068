// SPDX-License-Identifier: Apache-2.0
// Recognises a link that is up and carries nothing: small packets pass, so connections and
// heartbeats stand, but full packets vanish without an error (an MTU hole: RFC 2923, 2.1). The
// kernel's remedy, probing (RFC 4821), is a sysctl of the network namespace, not an option of a
// socket. So Longthrow cannot set it, and names the state to the administrator.
#pragma once

#include <cstdint>
#include <map>
#include <span>

#include "longthrow/time.h"

namespace longthrow {

class HoleWatch {
 public:
  // The link is stuck when for this time bytes were under way on lanes that stand, and none got
  // through.
  static constexpr Duration kStuckFor = std::chrono::seconds(15);
  // Progress is more bytes than the beginning of a lane (hello, heartbeats) brings in one interval.
  static constexpr std::uint64_t kProgressBytes = 4096;

  enum class Waiting : std::uint8_t { nothing, bytes };  // for the peer
  struct Lane {
    const void* id = nullptr;  // tells lanes apart while they stand
    std::uint64_t acknowledged_bytes = 0;
    std::uint64_t outstanding_bytes = 0;
  };
  // Called every `interval` with the bulk lanes that stand now. New lanes do not reset the time.
  void on_tick(Duration interval, std::span<const Lane> lanes);
  // Called when nothing waits for the peer any more.
  void on_empty();
  [[nodiscard]] bool stuck() const { return stuck_ >= kStuckFor; }
  [[nodiscard]] Duration stuck_for() const { return stuck_; }

 private:
  std::map<const void*, std::uint64_t> acknowledged_;  // by lane, at its last progress
  Duration stuck_{0};
};

}  // namespace longthrow
