// SPDX-License-Identifier: Apache-2.0
// The trace on the disk: files of seconds, and files of minutes that are made of the oldest of
// these. Each file is bounded, in time and in bytes, and so is their number. Both count what was
// recorded, and not the civil clock: neither a clock that steps nor a node that stands still for a
// year makes them forget.
#pragma once

#include <cstdint>
#include <string>

#include "longthrow/error.h"

namespace longthrow::control {

// One thread at a time. Blocks on the disk.
class TraceFiles {
 public:
  struct Bounds {
    std::uint64_t seconds;  // recorded in a file, and then a new one begins
    std::uint64_t bytes;
    std::uint64_t files;
  };
  // 48 hours of seconds and 400 days of minutes, and the file that is being filled.
  static constexpr Bounds kSeconds{6 * 3600, 3 * 1024 * 1024, 9};
  static constexpr Bounds kMinutes{20 * 86400, 4 * 1024 * 1024, 21};

  TraceFiles() : TraceFiles(kSeconds, kMinutes) {}
  TraceFiles(const Bounds& seconds, const Bounds& minutes)
      : seconds_{.name = "seconds", .bounds = seconds},
        minutes_{.name = "minutes", .bounds = minutes} {}

  // Makes `folder` where it is missing, and looks at what is in it. If that fails, append() tries
  // it again.
  Result<void> open(std::string folder);
  // Appends blocks of seconds; makes room. What a crash leaves of a block is passed over by whoever
  // reads the file.
  Result<void> append(const std::string& blocks);

 private:
  struct Series {
    std::string name;
    Bounds bounds;
    std::uint64_t first = 1;  // numbers of the files; last < first: there are none
    std::uint64_t last = 0;
    std::uint64_t recorded_s = 0;  // in the last file
    std::uint64_t bytes = 0;
  };

  void look_for(Series& series) const;
  [[nodiscard]] std::string path_of(const Series& series, std::uint64_t number) const;
  Result<void> append_to(Series& series, const std::string& blocks);
  Result<void> retire_oldest_seconds();
  void remove_oldest(Series& series) const;

  Result<void> look();

  std::string folder_;
  bool looked_ = false;
  Series seconds_;
  Series minutes_;
};

// Where the trace of a node is.
[[nodiscard]] std::string trace_folder_of(const std::string& state_dir);

}  // namespace longthrow::control
