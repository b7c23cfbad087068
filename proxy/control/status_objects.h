// SPDX-License-Identifier: Apache-2.0
// Objects and lists in a status: how they are written, read and described by the rows of what is in
// them.
#pragma once

#include <utility>

#include "proxy/control/status_value.h"

namespace longthrow::control {

// An object with rows of its own.
template <HasRows Of>
[[nodiscard]] json::object write_rows(const Of& of) {
  json::object out;
  for (const auto& row : rows_of(&of)) {
    json::value value = row.write(of);
    if (row.left_out_if_null && value.is_null()) continue;
    const auto dot = row.key.find('.');
    if (dot == std::string_view::npos) {
      out[row.key] = std::move(value);
      continue;
    }
    json::value& inner = out[row.key.substr(0, dot)];
    if (!inner.is_object()) inner = json::object();
    inner.get_object()[row.key.substr(dot + 1)] = std::move(value);
  }
  return out;
}

// Keys without a row are ignored; members whose key is missing stay as they are.
template <HasRows Of>
void read_rows(const json::object& in, Of& of) {
  for (const auto& row : rows_of(&of)) {
    const auto dot = row.key.find('.');
    const json::value* value = in.if_contains(row.key.substr(0, dot));
    if (dot != std::string_view::npos && value != nullptr)
      value =
          value->is_object() ? value->get_object().if_contains(row.key.substr(dot + 1)) : nullptr;
    if (value != nullptr && row.read) row.read(*value, of);
  }
}

template <HasRows Of>
struct StatusValue<Of> {
  static json::value write(const Of& of) { return write_rows(of); }
  static bool read(const json::value& in, Of& of) {
    if (in.is_object()) read_rows(in.get_object(), of);
    return in.is_object();
  }
  static std::string type() { return "object"; }
  static void describe(const std::string& key, std::vector<KeyDoc>& out) {
    for (const auto& row : rows_of(static_cast<const Of*>(nullptr))) {
      const std::string path = key + "." + std::string(row.key);
      out.push_back({path, row.type, row.doc});
      if (row.describe) row.describe(path, out);
    }
  }
};

template <typename T>
struct StatusValue<std::vector<T>> {
  static json::value write(const std::vector<T>& values) {
    json::array out;
    for (const T& value : values) out.push_back(StatusValue<T>::write(value));
    return out;
  }
  static bool read(const json::value& in, std::vector<T>& values) {
    if (!in.is_array()) return false;
    values.clear();
    for (const json::value& entry : in.get_array()) {
      T value{};
      if (StatusValue<T>::read(entry, value)) values.push_back(std::move(value));
    }
    return true;
  }
  static std::string type() { return "list"; }
  static void describe(const std::string& key, std::vector<KeyDoc>& out)
    requires HasRows<T>
  {
    StatusValue<T>::describe(key + "[]", out);
  }
};

}  // namespace longthrow::control
