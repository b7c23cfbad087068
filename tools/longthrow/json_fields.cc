// SPDX-License-Identifier: Apache-2.0
#include "tools/longthrow/json_fields.h"

#include "tools/longthrow/human.h"

namespace longthrow::cli {

const json::object& object_at(const json::object& in, std::string_view key) {
  static const json::object kEmpty;
  const json::value* value = in.if_contains(key);
  return value != nullptr && value->is_object() ? value->get_object() : kEmpty;
}

const json::array& array_at(const json::object& in, std::string_view key) {
  static const json::array kEmpty;
  const json::value* value = in.if_contains(key);
  return value != nullptr && value->is_array() ? value->get_array() : kEmpty;
}

std::string text_at(const json::object& in, std::string_view key) {
  const json::value* value = in.if_contains(key);
  return value != nullptr && value->is_string() ? printable(value->get_string()) : std::string();
}

std::optional<double> number_at(const json::object& in, std::string_view key) {
  const json::value* value = in.if_contains(key);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  return value->to_number<double>();
}

double amount_at(const json::object& in, std::string_view key) {
  return number_at(in, key).value_or(0.0);
}

bool flag_at(const json::object& in, std::string_view key) {
  const json::value* value = in.if_contains(key);
  return value != nullptr && value->is_bool() && value->get_bool();
}

}  // namespace longthrow::cli
