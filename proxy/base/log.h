// SPDX-License-Identifier: Apache-2.0
// Logging: one line an event, on stderr, thread-safe. Secrets never reach it.
//
//   log_info("link {}: up, peer {}", link, peer);
#pragma once

#include <spdlog/fmt/fmt.h>

#include <functional>
#include <string>
#include <utility>

#include "longthrow/config.h"

namespace longthrow {

using fmt::format;

// Lines below `level` are dropped. Under systemd (JOURNAL_STREAM) lines carry a "<N>" priority
// instead of a time stamp.
void set_log_level(LogLevel level);
[[nodiscard]] bool log_enabled(LogLevel level);
void log_line(LogLevel level, const std::string& line);
// For the simulator: every line, whatever its level, goes to `hook` instead. Not thread-safe; an
// empty hook ends it.
void set_log_hook(std::function<void(LogLevel, const std::string&)> hook);

template <typename... Args>
void log_debug(fmt::format_string<Args...> text, Args&&... args) {
  if (log_enabled(LogLevel::debug)) {
    log_line(LogLevel::debug, fmt::format(text, std::forward<Args>(args)...));
  }
}
template <typename... Args>
void log_info(fmt::format_string<Args...> text, Args&&... args) {
  if (log_enabled(LogLevel::info)) {
    log_line(LogLevel::info, fmt::format(text, std::forward<Args>(args)...));
  }
}
template <typename... Args>
void log_warning(fmt::format_string<Args...> text, Args&&... args) {
  if (log_enabled(LogLevel::warning)) {
    log_line(LogLevel::warning, fmt::format(text, std::forward<Args>(args)...));
  }
}
template <typename... Args>
void log_error(fmt::format_string<Args...> text, Args&&... args) {
  log_line(LogLevel::error, fmt::format(text, std::forward<Args>(args)...));
}

}  // namespace longthrow
