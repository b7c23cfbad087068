// SPDX-License-Identifier: Apache-2.0
// Recognises a peer that sends and never reads: it shows signs of life, but nothing gets through to
// it. Pure.
#pragma once

#include <cstdint>

#include "longthrow/time.h"

namespace longthrow {

class UnreadWatch {
 public:
  // How many bytes the peer's TCP has acknowledged since the connection began, and how many wait
  // for that.
  struct Sight {
    std::uint64_t acknowledged_bytes = 0;
    std::uint64_t waiting_bytes = 0;
  };
  // For how long the peer has now acknowledged nothing of the bytes that wait.
  [[nodiscard]] Duration observe(TimePoint now, const Sight& sight) {
    const bool moved = sight.acknowledged_bytes != acknowledged_bytes_;
    acknowledged_bytes_ = sight.acknowledged_bytes;
    if (moved || sight.waiting_bytes == 0 || since_ == TimePoint{}) since_ = now;
    return now - since_;
  }

 private:
  std::uint64_t acknowledged_bytes_ = 0;
  TimePoint since_{};
};

}  // namespace longthrow
