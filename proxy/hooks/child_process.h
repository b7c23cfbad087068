// SPDX-License-Identifier: Apache-2.0
// A program that is run without a shell, and with nothing of this process but the environment that
// it is given. Linux; glibc 2.34 and later (closefrom).
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "longthrow/error.h"

namespace longthrow {

// It has a process group of its own, no open file but /dev/null, "/" as its folder, and no signal
// blocked or ignored. Destroying it kills the group.
class ChildProcess {
 public:
  // `argv`: the program's path, and its arguments. `environment`: "NAME=value" each; the program
  // gets a PATH of the system's folders besides. Fails if the program cannot be run.
  [[nodiscard]] static Result<ChildProcess> run(const std::vector<std::string>& argv,
                                                const std::vector<std::string>& environment);
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;
  ~ChildProcess();

  // How it has ended: "" if well, else "it ended with exit code 1". Nothing: it runs. Does not
  // wait.
  [[nodiscard]] std::optional<std::string> ended();
  // Kills it, and all that it has started in its group. Waits for its end, which is at once.
  void kill();

 private:
  explicit ChildProcess(pid_t pid) : pid_(pid) {}

  pid_t pid_;  // 0: it has ended
};

}  // namespace longthrow
