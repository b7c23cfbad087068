// SPDX-License-Identifier: Apache-2.0
// A configuration text as a tree of values that know where they were written. It stands between the
// TOML library (document.cc) and everything that gives values a meaning.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace longthrow {

// Where something was written. `line` counts from 1; 0: the file as a whole.
struct Origin {
  std::string file;
  int line = 0;
};

struct Entry;
struct Value {
  using List = std::vector<Value>;
  using Table = std::vector<Entry>;
  struct Date {};  // no option takes one
  std::variant<std::string, std::int64_t, double, bool, Date, List, Table> data;
  Origin origin;

  template <typename T>
  [[nodiscard]] const T* get_if() const {
    return std::get_if<T>(&data);
  }
};

struct Entry {
  std::string key;
  Origin origin;  // of the key; a [table]'s is that of its first mention
  Value value;
};

// The value as an error message shows it: `"text"`, `5 (a number)`, `a table`; long texts are cut.
[[nodiscard]] std::string describe(const Value& value);

}  // namespace longthrow
