// SPDX-License-Identifier: Apache-2.0
// An io_uring ring: set-up with its fall-backs, submission that never fails, harvest of
// completions. Belongs to one thread, the first that submits.
#pragma once

#include <liburing.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "longthrow/error.h"
#include "longthrow/time.h"

namespace longthrow {

struct UringResult {
  std::uint64_t user_data = 0;
  int result = 0;
  unsigned flags = 0;
};

class Uring {
 public:
  static constexpr unsigned kEntries = 256;
  static constexpr unsigned kEntriesMin = 64;
  static constexpr unsigned kCompletionsPerEntry = 16;

  Uring() = default;
  ~Uring();
  Uring(const Uring&) = delete;
  Uring& operator=(const Uring&) = delete;

  // Sets the ring up, smaller than kEntries when locked memory is short. Called once. The error
  // says what an administrator can do.
  [[nodiscard]] Result<void> open();
  // "256 entries, deferred task-run", for the log.
  [[nodiscard]] const std::string& description() const { return description_; }

  // A cleared entry, to be prepared and then given its user_data (preparing clears that); submits
  // the queued entries first when the queue is full.
  [[nodiscard]] io_uring_sqe& next();
  // Submits all, waits for one completion at most `timeout` (none: for ever), and moves all
  // completions to the end of `into`. Returns early on a signal.
  void submit_and_wait(std::optional<Duration> timeout, std::vector<UringResult>& into);

 private:
  [[nodiscard]] int set_up(unsigned entries);
  [[nodiscard]] int set_up_any_size();
  void enable();
  void collect(std::vector<UringResult>& into);

  io_uring ring_{};
  bool open_ = false;
  bool enabled_ = false;
  std::string description_;
  std::vector<UringResult> early_;  // harvested to make room while submitting
};

}  // namespace longthrow
