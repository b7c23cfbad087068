// SPDX-License-Identifier: Apache-2.0
// Keeps as of when our copies are in the node's state directory. After a restart at the DR site
// nothing else knows it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "longthrow/error.h"

namespace longthrow {

struct SavedCopy {
  std::int64_t as_of_ns = 0;  // on the sender's civil clock
  std::size_t streams = 0;
  friend bool operator==(const SavedCopy&, const SavedCopy&) = default;
};
using SavedCopies = std::map<std::string, SavedCopy>;  // by group

// A missing file means that there are no copies. A damaged file is renamed, and the log says so.
[[nodiscard]] SavedCopies load_copies(const std::string& state_dir);
// Replaces the whole file. After a crash of the machine an earlier version may be there.
[[nodiscard]] Result<void> save_copies(const std::string& state_dir, const SavedCopies& copies);

}  // namespace longthrow
