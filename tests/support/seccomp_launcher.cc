// SPDX-License-Identifier: Apache-2.0
// Runs a command to which io_uring is refused: seccomp_launcher EPERM|ENOSYS -- COMMAND [ARG...]
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "tests/support/refuse_io_uring.h"

int main(int argc, char** argv) {
  const std::string_view name = argc > 1 ? argv[1] : "";
  const unsigned error = name == "EPERM" ? EPERM : name == "ENOSYS" ? ENOSYS : 0;
  if (argc < 4 || error == 0 || std::string_view(argv[2]) != "--") {
    std::fprintf(stderr, "usage: seccomp_launcher EPERM|ENOSYS -- COMMAND [ARG...]\n");
    return 2;
  }
  if (!longthrow::refuse_io_uring(error)) {
    std::fprintf(stderr, "seccomp_launcher: cannot install the filter: %s\n", std::strerror(errno));
    return 1;
  }
  ::execvp(argv[3], argv + 3);
  std::fprintf(stderr, "seccomp_launcher: %s: %s\n", argv[3], std::strerror(errno));
  return 127;
}
