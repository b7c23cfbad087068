// SPDX-License-Identifier: Apache-2.0
// TOML text to a tree of values.
#pragma once

#include <optional>
#include <string>

#include "proxy/config/report.h"
#include "proxy/config/value.h"

namespace longthrow {

// One file of a configuration.
struct SourceText {
  std::string file;  // as errors name it, and what relative paths start from
  std::string text;
};

// The root table of `source`; nothing, and one error in `report`, when it is not TOML.
[[nodiscard]] std::optional<Value> read_document(const SourceText& source, Report& report);

// `text` as a TOML string, with its quotes.
[[nodiscard]] std::string quote_toml(std::string_view text);

}  // namespace longthrow
