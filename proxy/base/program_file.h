// SPDX-License-Identifier: Apache-2.0
// Whether the program on the disk is still the one that runs: an upgrade puts another file in its
// place and leaves the process alone. Blocks on the disk. Not thread-safe.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>

namespace longthrow {

class ProgramFile {
 public:
  // The program of this process. Make it at start: /proc says "(deleted)" of a file that was
  // replaced.
  [[nodiscard]] static ProgramFile of_this_process();
  // `running` leads to the content that runs, whatever becomes of `path`.
  ProgramFile(std::string running, std::string path);

  // Why a restart would run something else, for people; empty if it would not. A file of the same
  // content is no other program. The contents are compared once for each file that comes.
  [[nodiscard]] std::string replaced();

 private:
  // What names a file and its content, as far as a stat tells.
  struct Stamp {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = 0;
    timespec changed{};
    [[nodiscard]] bool same(const Stamp& other) const;
  };
  static std::optional<Stamp> stamp_of(const std::string& path);

  std::string running_;
  std::string path_;
  std::optional<Stamp> judged_;  // the file on the disk that `verdict_` is about
  std::string verdict_;
};

}  // namespace longthrow
