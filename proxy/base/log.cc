// SPDX-License-Identifier: Apache-2.0
#include "proxy/base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <memory>

#include "proxy/base/foreign_text.h"

namespace longthrow {
namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

// syslog(3) priorities, as sd-daemon(3) reads them from a line's start.
int syslog_priority(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return 7;
    case LogLevel::info:
      return 6;
    case LogLevel::warning:
      return 4;
    case LogLevel::error:
      return 3;
  }
  return 6;
}

bool under_journal() {
  static const bool value = std::getenv("JOURNAL_STREAM") != nullptr;
  return value;
}

spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> instance = [] {
    auto made = std::make_shared<spdlog::logger>("longthrow",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern(under_journal() ? "%v" : "%Y-%m-%dT%H:%M:%S.%e %-7l %v");
    made->flush_on(spdlog::level::debug);
    return made;
  }();
  return *instance;
}

std::function<void(LogLevel, const std::string&)>& log_hook() {
  static std::function<void(LogLevel, const std::string&)> hook;
  return hook;
}

}  // namespace

void set_log_hook(std::function<void(LogLevel, const std::string&)> hook) {
  log_hook() = std::move(hook);
}

void set_log_level(LogLevel level) { logger().set_level(to_spdlog(level)); }
bool log_enabled(LogLevel level) {
  return log_hook() != nullptr || logger().should_log(to_spdlog(level));
}

void log_line(LogLevel level, const std::string& line) {
  if (log_hook() != nullptr) {
    log_hook()(level, line);
  } else if (under_journal()) {
    logger().log(to_spdlog(level), "<{}>{}", syslog_priority(level), one_line(line));
  } else {
    logger().log(to_spdlog(level), "{}", one_line(line));
  }
}

}  // namespace longthrow
