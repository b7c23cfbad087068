// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include "tools/longthrow/commands.h"

namespace longthrow::test {

struct CliResult {
  int code = 0;
  std::string out;
  std::string err;
};

// Runs a command line in this process, without a terminal.
inline CliResult run_cli(const std::vector<std::string>& words) {
  std::vector<const char*> argv{"longthrow"};
  for (const std::string& word : words) argv.push_back(word.c_str());
  std::ostringstream out;
  std::ostringstream err;
  const int code = cli::run(static_cast<int>(argv.size()), argv.data(), {.out = out, .err = err});
  return {code, out.str(), err.str()};
}

}  // namespace longthrow::test
