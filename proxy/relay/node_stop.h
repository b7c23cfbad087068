// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "longthrow/loop.h"

namespace longthrow {

// How far a node's end in order has come.
struct NodeStop {
  Timer timer;
  TimePoint began{};
  TimePoint deadline{};
  TimePoint abort_at = kNever;  // channels are aborted then, whatever their targets do
  enum class Step : std::uint8_t { none, draining, ending, closing_ledger, ended } step{};
  std::function<void()> done;
};

}  // namespace longthrow
