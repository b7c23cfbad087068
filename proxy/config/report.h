// SPDX-License-Identifier: Apache-2.0
// What is wrong with a configuration: one line each, with the file, the line and the key.
#pragma once

#include <string>
#include <vector>

#include "proxy/config/value.h"

namespace longthrow {

// An error or a warning. `key` is the full path ("link.dr.memlimit"), perhaps empty; `line` 0:
// none.
struct ConfigError {
  std::string file;
  int line = 0;
  std::string key;
  std::string message;
};

// "FILE:LINE: KEY: MESSAGE", without what is empty.
[[nodiscard]] std::string to_string(const ConfigError& error);

// Collects the errors and warnings of a configuration's text; bounded, whatever the text is.
class Report {
 public:
  static constexpr std::size_t kErrorsShownMax = 20;

  // Files are listed in the order of their first `begin_file`.
  void begin_file(const std::string& file) { files_.push_back(file); }
  void error(const Origin& origin, std::string key, std::string message);
  void warn(const Origin& origin, std::string key, std::string message);

  [[nodiscard]] bool has_errors() const { return !errors_.empty(); }
  // In the order of the text; beyond kErrorsShownMax the last one counts the rest.
  [[nodiscard]] std::vector<ConfigError> take_errors();
  [[nodiscard]] std::vector<ConfigError> take_warnings();

 private:
  static constexpr std::size_t kKeptMax = 1000;
  std::size_t file_index(const std::string& file) const;
  std::vector<ConfigError> take_sorted(std::vector<ConfigError>& from);

  std::vector<std::string> files_;
  std::vector<ConfigError> errors_;
  std::vector<ConfigError> warnings_;
};

}  // namespace longthrow
