// SPDX-License-Identifier: Apache-2.0
// What `longthrow init` makes for the other site, in one file: its configuration and the key. The
// file says itself whether it is whole. It is a secret, and what is read from it is checked: it has
// travelled. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "longthrow/error.h"

namespace longthrow::cli {

struct JoinBundle {
  std::string node;  // for which it was made
  std::string peer;  // by which
  std::string config;
  std::string key_file;               // its name, in the folder of the configuration
  std::string key;                    // its content
  std::string firewall;               // a command; may be empty
  std::vector<std::string> software;  // lines for DRBD or PostgreSQL
};

[[nodiscard]] std::string bundle_text(const JoinBundle& bundle);
// Errors say what to do.
[[nodiscard]] Result<JoinBundle> parse_bundle(std::string_view text);

}  // namespace longthrow::cli
