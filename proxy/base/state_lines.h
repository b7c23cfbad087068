// SPDX-License-Identifier: Apache-2.0
// A small file of state that may be a little old: lines, sealed as a whole. The loop's thread,
// which carries the data, writes it, so it must not wait for the disk. A rename without an fsync
// leaves the old file or the new one after a crash of the machine.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "longthrow/error.h"

namespace longthrow {

// Calls `take` with each line. A missing file has none. Errors: ErrorCode::damaged_file, if the
// file is not as it was written, or `take` returned false: then it is renamed, and the error says
// to what.
[[nodiscard]] Result<void> load_state_lines(const std::filesystem::path& path,
                                            const std::function<bool(const std::string&)>& take);
// Replaces the file. REQUIRES: each line has its end.
[[nodiscard]] Result<void> save_state_lines(const std::filesystem::path& path, std::string lines);

}  // namespace longthrow
