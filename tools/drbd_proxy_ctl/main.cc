// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>

#include "tools/drbd_proxy_ctl/run.h"
#include "tools/longthrow/client.h"

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  const char* control = std::getenv("LONGTHROW_CONTROL");
  try {
    return longthrow::proxy_ctl::run({argv + 1, argv + argc},
                                     control != nullptr ? control : longthrow::cli::kDefaultControl,
                                     std::cin, ::isatty(STDIN_FILENO) == 1, {std::cout, std::cerr});
  } catch (const std::exception& error) {
    std::cerr << "drbd-proxy-ctl: " << error.what() << "\n";
    return longthrow::proxy_ctl::kNoDaemon;
  }
}
