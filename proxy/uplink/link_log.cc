// SPDX-License-Identifier: Apache-2.0
#include "proxy/uplink/link_log.h"

namespace longthrow {

void LinkLog::say(TimePoint now, LogLevel level, const std::string& key, const std::string& line) {
  const auto kept_back = repeats_.ask(now, key);
  if (kept_back && log_enabled(level)) log_line(level, line + kept_back_note(*kept_back));
}

void LinkLog::say_what_was_left_out(TimePoint now, const std::string& state) {
  using std::chrono::duration_cast;
  using std::chrono::seconds;
  if (const auto flaps = flaps_.look(now)) {
    const auto since = duration_cast<seconds>(now - flaps->since).count();
    if (flaps->episodes > 0) {
      log_warning("link {}: it went down and came up again {} more times in {} s", link_,
                  flaps->episodes, since);
    }
    if (flaps->calm) {
      log_info("link {}: it is calm again: {}, and not gone down for {} s", link_, state,
               duration_cast<seconds>(FlapGate::kCalm).count());
    }
  }
  if (const auto lines = repeats_.look(now)) {
    log_warning("link {}: {} more lines of refusals and failures were left out", link_, *lines);
  }
  if (const auto lines = mismatches_.look(now)) {
    log_warning(
        "link {}: {} more lines on routes that do not match were left out; "
        "`longthrow status` names those of now",
        link_, *lines);
  }
}

}  // namespace longthrow
