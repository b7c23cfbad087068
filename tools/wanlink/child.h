// SPDX-License-Identifier: Apache-2.0
// The command after "--": the emulator lives as long as it, and ends with its status.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "longthrow/error.h"
#include "tools/wanlink/fd.h"

namespace longthrow::wanlink {

class Child {
 public:
  Child() = default;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();  // ends it: SIGTERM, and SIGKILL after 5 s

  // It is killed when this process dies. Its signal mask is empty.
  [[nodiscard]] Result<void> start(const std::vector<std::string>& command);
  [[nodiscard]] bool running() const { return pid_ > 0; }
  // Readable when it has ended.
  [[nodiscard]] int poll_fd() const { return pidfd_.get(); }
  // Its exit status as a shell would give it (128 + signal). REQUIRES: poll_fd() is readable.
  [[nodiscard]] int collect();

 private:
  pid_t pid_ = -1;
  Fd pidfd_;
};

}  // namespace longthrow::wanlink
