// SPDX-License-Identifier: Apache-2.0
#include "proxy/config/report.h"

#include <algorithm>

#include "proxy/base/log.h"

namespace longthrow {

std::string to_string(const ConfigError& error) {
  std::string text = error.file;
  if (error.line > 0) text += format(":{}", error.line);
  if (!text.empty()) text += ": ";
  if (!error.key.empty()) text += error.key + ": ";
  return text + error.message;
}

std::string describe(const Value& value) {
  constexpr std::size_t kShownMax = 80;
  struct Describer {
    std::string operator()(const std::string& text) const {
      std::string shown;
      for (const char c : text.substr(0, kShownMax)) {
        shown += static_cast<unsigned char>(c) < ' ' ? '?' : c;
      }
      return format("\"{}{}\"", shown, text.size() > kShownMax ? "..." : "");
    }
    std::string operator()(std::int64_t number) const { return format("{} (a number)", number); }
    std::string operator()(double number) const { return format("{} (a number)", number); }
    std::string operator()(bool flag) const { return flag ? "true" : "false"; }
    std::string operator()(Value::Date) const { return "a date"; }
    std::string operator()(const Value::List&) const { return "a list"; }
    std::string operator()(const Value::Table&) const { return "a table"; }
  };
  return std::visit(Describer{}, value.data);
}

void Report::error(const Origin& origin, std::string key, std::string message) {
  if (errors_.size() >= kKeptMax) return;
  errors_.push_back({origin.file, origin.line, std::move(key), std::move(message)});
}

void Report::warn(const Origin& origin, std::string key, std::string message) {
  if (warnings_.size() >= kKeptMax) return;
  warnings_.push_back({origin.file, origin.line, std::move(key), std::move(message)});
}

std::size_t Report::file_index(const std::string& file) const {
  return static_cast<std::size_t>(std::ranges::find(files_, file) - files_.begin());
}

std::vector<ConfigError> Report::take_sorted(std::vector<ConfigError>& from) {
  std::ranges::stable_sort(from, [this](const ConfigError& a, const ConfigError& b) {
    return std::pair(file_index(a.file), a.line) < std::pair(file_index(b.file), b.line);
  });
  if (from.size() > kErrorsShownMax) {
    const std::size_t left = from.size() - (kErrorsShownMax - 1);
    from.resize(kErrorsShownMax - 1);
    from.push_back({"", 0, "", format("{} more like these, not shown", left)});
  }
  return std::exchange(from, {});
}

std::vector<ConfigError> Report::take_errors() { return take_sorted(errors_); }
std::vector<ConfigError> Report::take_warnings() { return take_sorted(warnings_); }

}  // namespace longthrow
