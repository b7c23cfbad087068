// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string_view>

#include "tools/longthrow/commands.h"

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  const bool terminal = ::isatty(STDOUT_FILENO) == 1;
  const char* term = std::getenv("TERM");
  const bool colours = terminal && std::getenv("NO_COLOR") == nullptr && term != nullptr &&
                       std::string_view(term) != "dumb";
  try {
    return longthrow::cli::run(argc, argv,
                               {.out = std::cout,
                                .err = std::cerr,
                                .terminal = terminal,
                                .colours = colours,
                                .answers = ::isatty(STDIN_FILENO) == 1 ? &std::cin : nullptr});
  } catch (const std::exception& error) {
    std::cerr << "longthrow: " << error.what() << "\n";
    return longthrow::cli::kNotDone;
  }
}
