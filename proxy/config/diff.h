// SPDX-License-Identifier: Apache-2.0
// What a reload would change, from the table of options. Pure.
#pragma once

#include <string>
#include <vector>

#include "longthrow/config.h"

namespace longthrow {

struct ConfigChange {
  std::string section;  // "node", "link.dr"
  std::string key;      // "memlimit"; empty: the whole table was added or removed
  std::string from;     // as the admin would write it; empty: not set
  std::string to;
  bool live = false;  // a reload applies it; else it keeps its running value
};

// Tables in the order of the file's sections and by name, keys in the order of the table of
// options. The contents of key and certificate files are not compared: a reload reads them anew in
// any case.
[[nodiscard]] std::vector<ConfigChange> diff(const Config& running, const Config& next);

// The change as a line for the admin: what it is, and if it is not live, what makes it so.
[[nodiscard]] std::string to_string(const ConfigChange& change);

}  // namespace longthrow
