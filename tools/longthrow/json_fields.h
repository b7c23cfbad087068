// SPDX-License-Identifier: Apache-2.0
// Reading the daemon's answers: what is missing or of another kind reads as nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "proxy/control/json.h"

namespace longthrow::cli {

[[nodiscard]] const json::object& object_at(const json::object& in, std::string_view key);
[[nodiscard]] const json::array& array_at(const json::object& in, std::string_view key);
// Safe for a terminal, see printable().
[[nodiscard]] std::string text_at(const json::object& in, std::string_view key);
[[nodiscard]] std::optional<double> number_at(const json::object& in, std::string_view key);
[[nodiscard]] double amount_at(const json::object& in, std::string_view key);  // else 0
[[nodiscard]] bool flag_at(const json::object& in, std::string_view key);

}  // namespace longthrow::cli
