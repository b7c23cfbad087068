// SPDX-License-Identifier: Apache-2.0
// As of when our copies are, kept in the node's state directory: after a restart at the DR site
// nobody else can say it.
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

// A missing file is no copies. One that cannot be understood is kept aside, and said.
[[nodiscard]] SavedCopies load_copies(const std::string& state_dir);
// Replaces the file, whole. After a crash of the machine it may be one that was saved earlier.
[[nodiscard]] Result<void> save_copies(const std::string& state_dir, const SavedCopies& copies);

}  // namespace longthrow
