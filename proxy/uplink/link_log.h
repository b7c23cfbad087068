// SPDX-License-Identifier: Apache-2.0
// Lines of a link that could come without end: a link that flaps, a peer that is refused for ever,
// a peer that says ever new things. A day of any of them is less than 100 lines; what is left out
// is counted, and said.
#pragma once

#include <string>

#include "longthrow/time.h"
#include "proxy/base/flap_gate.h"
#include "proxy/base/line_budget.h"
#include "proxy/base/log.h"
#include "proxy/base/repeat_gate.h"

namespace longthrow {

// Belongs to the loop's thread.
class LinkLog {
 public:
  explicit LinkLog(std::string link) : link_(std::move(link)) {}

  // A line of what may come again and again. `key`: what makes two of them the same.
  void say(TimePoint now, LogLevel level, const std::string& key, const std::string& line);
  // The link goes down: what belongs to this episode may be said, or not.
  void on_down(TimePoint now) { flaps_.on_down(now); }
  [[nodiscard]] bool says_episode() const { return flaps_.says(); }
  // One more line on routes that do not match; a peer may name ever new ones.
  [[nodiscard]] bool may_say_mismatch(TimePoint now) { return mismatches_.take(now); }
  // Now and then. `state`: of the link.
  void say_what_was_left_out(TimePoint now, const std::string& state);

 private:
  const std::string link_;
  RepeatGate repeats_;
  FlapGate flaps_;
  LineBudget mismatches_{48, std::chrono::hours(1)};
};

}  // namespace longthrow
