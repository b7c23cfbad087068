// SPDX-License-Identifier: Apache-2.0
// Keeps the checkpoints that a node knows in its state directory: after a disaster they name the
// snapshots of the copy.
#pragma once

#include <string>
#include <vector>

#include "longthrow/checkpoints.h"
#include "longthrow/error.h"

namespace longthrow {

// A missing file means that there are none. A damaged file is renamed, and the log says so.
[[nodiscard]] std::vector<CheckpointRecord> load_checkpoints(const std::string& state_dir);
// Replaces the whole file. Does not wait for the disk: after a crash of the machine an earlier
// version may be there.
[[nodiscard]] Result<void> save_checkpoints(const std::string& state_dir,
                                            const std::vector<CheckpointRecord>& records);

}  // namespace longthrow
