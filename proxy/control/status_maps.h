// SPDX-License-Identifier: Apache-2.0
// Objects by name or by number in a status.
#pragma once

#include <charconv>
#include <type_traits>
#include <utility>

#include "proxy/control/status_objects.h"

namespace longthrow::control {

// Where a key may be missing: what a member is then.
template <typename T>
[[nodiscard]] T blank() {
  T value{};
  if constexpr (std::is_same_v<T, GroupStatus>) value.consistent = Consistency::unknown;
  return value;
}

inline std::string key_text(const std::string& name) { return name; }
inline std::string key_text(std::uint16_t number) { return std::to_string(number); }
inline bool key_of(std::string_view text, std::string& name) {
  name = text;
  return true;
}
inline bool key_of(std::string_view text, std::uint16_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

// By name, or by number.
template <typename Key, typename T>
struct StatusValue<std::map<Key, T>> {
  static json::value write(const std::map<Key, T>& values) {
    json::object out;
    for (const auto& [key, value] : values) out[key_text(key)] = StatusValue<T>::write(value);
    return out;
  }
  static bool read(const json::value& in, std::map<Key, T>& values) {
    if (!in.is_object()) return false;
    values.clear();
    for (const auto& entry : in.get_object()) {
      Key key{};
      T value = blank<T>();
      if (key_of(entry.key(), key) && StatusValue<T>::read(entry.value(), value))
        values.emplace(std::move(key), std::move(value));
    }
    return true;
  }
  static std::string type() { return "object"; }
  // Objects by name have a table of their own.
  static void describe(const std::string& key, std::vector<KeyDoc>& out)
    requires std::is_same_v<Key, std::uint16_t>
  {
    StatusValue<T>::describe(key + ".N", out);
  }
};

}  // namespace longthrow::control
