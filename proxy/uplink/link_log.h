// SPDX-License-Identifier: Apache-2.0
// Bounds the log lines of a link that could come without end: of a link that goes up and down, of a
// peer that is refused again and again, of a peer that sends ever new texts. Each of these makes
// less than 100 lines a day. The log says how many lines were left out.
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

  // Logs a line about something that may happen again and again. Two lines with the same `key`
  // count as the same.
  void say(TimePoint now, LogLevel level, const std::string& key, const std::string& line);
  // The link goes down. says_episode() then tells whether lines about this episode may be logged.
  void on_down(TimePoint now) { flaps_.on_down(now); }
  [[nodiscard]] bool says_episode() const { return flaps_.says(); }
  // Whether one more line about routes that do not match may be logged; a peer may name ever new
  // ones.
  [[nodiscard]] bool may_say_mismatch(TimePoint now) { return mismatches_.take(now); }
  // Called every tick: logs how many lines were left out. `state`: of the link.
  void say_what_was_left_out(TimePoint now, const std::string& state);

 private:
  const std::string link_;
  RepeatGate repeats_;
  FlapGate flaps_;
  LineBudget mismatches_{48, std::chrono::hours(1)};
};

}  // namespace longthrow
