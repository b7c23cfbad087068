// SPDX-License-Identifier: Apache-2.0
// Stops what writes for a moment, and lets it go on whatever happens to this process. A process of
// its own, the guardian, runs the freeze command and then the thaw command: when it is told to,
// when the time is over, and when this process has gone. If the guardian is killed, this process
// thaws.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>

#include "longthrow/error.h"

namespace longthrow::cli {

class FreezeGuard {
 public:
  struct Commands {
    std::string freeze;  // for /bin/sh -c, both
    std::string thaw;
    std::chrono::milliseconds timeout{};  // from the start of the freeze
  };
  // Freezes. Blocks until the command has ended. An error: it is thawed again, and the error says
  // whether that went well.
  [[nodiscard]] static Result<FreezeGuard> freeze(Commands commands);
  FreezeGuard(FreezeGuard&& other) noexcept;
  FreezeGuard& operator=(FreezeGuard&&) = delete;
  // Thaws, if thaw() was not called.
  ~FreezeGuard();

  // An error: the time was over before, so that it was thawed too early; or the thaw command has
  // failed. Blocks until the command has ended.
  [[nodiscard]] Result<void> thaw();
  // Whether it was thawed already. Does not block.
  [[nodiscard]] bool over() const;

 private:
  FreezeGuard(Commands commands, pid_t guardian, int to, int from)
      : commands_(std::move(commands)), guardian_(guardian), to_(to), from_(from) {}
  // The next line of the guardian: a letter and a number. Nothing: it was killed.
  struct Word {
    char what = 0;
    int code = 0;
  };
  [[nodiscard]] Word hear() const;
  [[nodiscard]] Result<void> thaw_here();
  void close();

  Commands commands_;
  pid_t guardian_ = -1;
  int to_ = -1;    // the guardian thaws when this is closed
  int from_ = -1;  // its words
};

}  // namespace longthrow::cli
