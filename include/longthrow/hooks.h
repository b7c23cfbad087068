// SPDX-License-Identifier: Apache-2.0
// The seam to the administrator's programs that the node waits for: the hook of a checkpoint.
//
// Implementations: child processes (proxy/hooks/hook_runner.h).
#pragma once

#include <string>
#include <vector>

#include "longthrow/operation.h"
#include "longthrow/status_words.h"
#include "longthrow/time.h"

namespace longthrow {

// One run of a program. Pinned while in flight, as its operation is.
struct HookCall {
  // Completes with 0 when the program has ended, however it ended, or with -ECANCELED.
  Operation operation;
  // Set by the owner before, and left alone while in flight.
  std::vector<std::string> argv;         // no shell
  std::vector<std::string> environment;  // "NAME=value" each; the program gets PATH besides
  Duration timeout{};                    // then the program and what it has started are killed
  // The result. Never `none`.
  HookResult result = HookResult::failed;
  std::string text;  // for people: how it has ended, if not well
};

// All calls on the loop's thread; completions are delivered from `Loop::run`, as the loop's own.
class HookRunner {
 public:
  virtual ~HookRunner() = default;
  virtual void run(HookCall& call) = 0;
  // Kills the program. The call completes soon. No effect when it is not in flight.
  virtual void cancel(HookCall& call) = 0;
};

}  // namespace longthrow
