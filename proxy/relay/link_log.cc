// SPDX-License-Identifier: Apache-2.0
// Lines that could come without end: a link that flaps, a peer that is refused for ever, a peer
// that says ever new things. A day of any of them is less than 100 lines; what is left out is
// counted, and said.
#include "proxy/base/log.h"
#include "proxy/relay/link.h"

namespace longthrow {

void Link::say_gated(LogLevel level, const std::string& key, const std::string& line) {
  const auto kept_back = repeats_.ask(loop_.now(), key);
  if (kept_back && log_enabled(level)) log_line(level, line + kept_back_note(*kept_back));
}

void Link::say_what_was_left_out(TimePoint now) {
  using std::chrono::duration_cast;
  using std::chrono::seconds;
  if (const auto flaps = flaps_.look(now)) {
    const auto since = duration_cast<seconds>(now - flaps->since).count();
    if (flaps->episodes > 0) {
      log_warning("link {}: it went down and came up again {} more times in {} s", name_,
                  flaps->episodes, since);
    }
    if (flaps->calm) {
      log_info("link {}: it is calm again: {}, and not gone down for {} s", name_, state_text(),
               duration_cast<seconds>(FlapGate::kCalm).count());
    }
  }
  if (const auto lines = repeats_.look(now)) {
    log_warning("link {}: {} more lines of refusals and failures were left out", name_, *lines);
  }
  if (const auto lines = mismatch_lines_.look(now)) {
    log_warning(
        "link {}: {} more lines on routes that do not match were left out; "
        "`longthrow status` names those of now",
        name_, *lines);
  }
}

}  // namespace longthrow
