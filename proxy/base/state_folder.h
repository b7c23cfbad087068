// SPDX-License-Identifier: Apache-2.0
// The folder in which a node keeps what must outlive it. One daemon at a time owns it. Blocks on
// the disk.
#pragma once

#include <string>

#include "longthrow/error.h"

namespace longthrow {

class StateFolder {
 public:
  enum class Found {
    known,     // this node has used it before
    new_here,  // no node has: a first start, or its disk is not there
    foreign,   // another node's name is in it
  };

  // Makes the folder where it is missing, locks it and writes to it: the node's name in `marker`,
  // the process in `lock`. Fails when another process has it locked (with the code in_use), and
  // when it cannot be written.
  [[nodiscard]] static Result<StateFolder> open(const std::string& path, const std::string& node);
  // Says whether the folder could be written. Changes nothing.
  [[nodiscard]] static Result<void> check(const std::string& path);

  StateFolder(StateFolder&& other) noexcept;
  StateFolder& operator=(StateFolder&&) = delete;
  ~StateFolder();

  [[nodiscard]] Found found() const { return found_; }
  // The name that was in the folder, if found() is `foreign`.
  [[nodiscard]] const std::string& owner() const { return owner_; }

 private:
  explicit StateFolder(int lock) : lock_(lock) {}
  Result<void> mark(const std::string& path, const std::string& node);

  int lock_;
  Found found_ = Found::known;
  std::string owner_;
};

// Renames a file that cannot be used to NAME.damaged, over an earlier one. Returns the new name.
[[nodiscard]] Result<std::string> set_aside(const std::string& path);

}  // namespace longthrow
