// SPDX-License-Identifier: Apache-2.0
// The keys of a request of the control protocol.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/base/log.h"
#include "proxy/config/units.h"
#include "proxy/control/json.h"

namespace longthrow::control {

// Reads the keys of one request. The first mistake is kept; further reads give empty values.
class RequestReader {
 public:
  explicit RequestReader(const json::object& request) : request_(request) {}

  std::string required_text(std::string_view key) {
    const json::value* value = find(key);
    if (value == nullptr) {
      note(format("\"{}\" is missing", key));
      return {};
    }
    if (!value->is_string() || value->get_string().empty()) {
      note(format("\"{}\" must be a text that is not empty", key));
      return {};
    }
    return std::string(value->get_string());
  }
  bool flag(std::string_view key) {
    const json::value* value = find(key);
    if (value == nullptr) return false;
    if (!value->is_bool()) {
      note(format("\"{}\" must be true or false", key));
      return false;
    }
    return value->get_bool();
  }
  Duration optional_duration(std::string_view key) {
    if (request_.if_contains(key) == nullptr) return Duration{0};
    return keep(key, parse_duration(required_text(key)));
  }
  template <typename T>
  T keep(std::string_view key, Result<T> result) {
    if (result) return *std::move(result);
    note(format("\"{}\": {}", key, result.error().message));
    return T{};
  }
  std::size_t index(std::string_view key) {
    const json::value* value = find(key);
    if (value != nullptr && value->is_int64() && value->get_int64() >= 0) {
      return static_cast<std::size_t>(value->get_int64());
    }
    note(format("\"{}\" must be a whole number from 0", key));
    return 0;
  }
  [[nodiscard]] bool has(std::string_view key) const {
    return request_.if_contains(key) != nullptr;
  }
  void note(std::string mistake) {
    if (!mistake_) mistake_ = std::move(mistake);
  }
  // The first mistake, if any. A key that was not read is a mistake, too.
  std::optional<std::string> mistake() {
    for (const auto& entry : request_) {
      const std::string_view key = entry.key();
      if (std::ranges::find(known_, key) == known_.end()) {
        note(format("\"{}\" is not a key of this command", key.substr(0, 40)));
      }
    }
    return mistake_;
  }

 private:
  const json::value* find(std::string_view key) {
    known_.emplace_back(key);
    return request_.if_contains(key);
  }

  const json::object& request_;
  std::vector<std::string> known_{"command"};
  std::optional<std::string> mistake_;
};

}  // namespace longthrow::control
