// SPDX-License-Identifier: Apache-2.0
#include "proxy/control/status_value.h"

#include <charconv>

#include "proxy/control/loss_json.h"
#include "proxy/control/status_json.h"

namespace longthrow::control {

json::value StatusValue<WallTime>::write(WallTime value) { return json::value(utc_text(value)); }

// As utc_text() writes it: "2026-01-31T12:01:07.300Z".
bool StatusValue<WallTime>::read(const json::value& in, WallTime& value) {
  if (!in.is_string()) return false;
  const std::string_view text = in.get_string();
  const auto dot = text.find('.');
  const auto whole = parse_utc(text.substr(0, dot));
  if (!whole) return false;
  value = *whole;
  int thousandths = 0;
  if (dot == std::string_view::npos) return true;
  const std::string_view rest = text.substr(dot + 1);
  std::from_chars(rest.data(), rest.data() + rest.size(), thousandths);
  value += std::chrono::milliseconds(thousandths);
  return true;
}

json::value StatusValue<Consistency>::write(Consistency value) {
  if (value == Consistency::unknown) return nullptr;
  return value == Consistency::yes;
}

bool StatusValue<Consistency>::read(const json::value& in, Consistency& value) {
  value = Consistency::unknown;
  if (in.is_bool()) value = in.get_bool() ? Consistency::yes : Consistency::no;
  return true;
}

std::string listed(std::span<const std::string_view> words) {
  std::string out;
  for (const std::string_view word : words) {
    if (!out.empty()) out += ", ";
    out += "`" + std::string(word) + "`";
  }
  return out;
}

}  // namespace longthrow::control
