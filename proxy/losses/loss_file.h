// SPDX-License-Identifier: Apache-2.0
// The ledger of losses as a file of the state directory: one line for each loss, with a checksum.
// New losses are appended. When the ledger forgets its oldest losses, the file is written anew.
#pragma once

#include <string>
#include <string_view>

#include "longthrow/error.h"
#include "proxy/losses/loss_book.h"

namespace longthrow {

// The file also says whether the last process had carried bytes, and whether it ended in order.
enum class LastRun : std::uint8_t { ended, carrying };

struct LossFileContents {
  LossBook::Kept kept;
  LastRun last_run = LastRun::ended;
  WallTime carrying_since{};
  std::size_t damaged_lines = 0;
};

[[nodiscard]] std::string loss_file_of(const std::string& state_dir);
// These return lines with their line ends.
[[nodiscard]] std::string loss_line(const Loss& loss);
[[nodiscard]] std::string run_line(LastRun run, WallTime at);
[[nodiscard]] std::string whole_loss_file(const LossBook::Kept& kept);
// Returns all that can be understood. `since` of an empty text is the epoch.
[[nodiscard]] LossFileContents parse_loss_file(std::string_view text);

}  // namespace longthrow
