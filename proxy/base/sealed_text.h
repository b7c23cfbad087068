// SPDX-License-Identifier: Apache-2.0
// Text of a small file of state that says itself whether it is whole: its last line has the
// checksum of all lines before it. A file that was cut short, or in which a byte has changed, is
// not taken for one that says something else. In a file to which lines are appended each line has a
// checksum of its own.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "longthrow/error.h"

namespace longthrow {

// `lines` with the last line behind them. REQUIRES: each has its end, or there are none.
[[nodiscard]] std::string sealed_text(std::string lines);
// The lines before the last one. Nothing: the text is not as it was sealed.
[[nodiscard]] std::optional<std::string> unsealed_text(std::string_view text);
// Those of a file. Nothing: there is no such file. Errors: ErrorCode::damaged_file if it is not as
// it was sealed, another if it cannot be read. Blocks on the disk.
[[nodiscard]] Result<std::optional<std::string>> read_sealed_file(
    const std::filesystem::path& path);

// `line` with its checksum and its end. `seed`: of this kind of file. REQUIRES: no end of line in
// `line`.
[[nodiscard]] std::string sealed_line(std::string_view line, std::uint64_t seed);
// Calls `take` with each line of `text`, without its checksum. Returns how many lines are not as
// they were sealed, or were not understood: `take` returns false.
[[nodiscard]] std::size_t take_sealed_lines(std::string_view text, std::uint64_t seed,
                                            const std::function<bool(std::string_view)>& take);

}  // namespace longthrow
