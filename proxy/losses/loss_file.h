// SPDX-License-Identifier: Apache-2.0
// The ledger of losses as a file of the state directory: a line each, with a checksum. Losses are
// appended; when the ledger forgets its oldest ones the file is written anew.
#pragma once

#include <string>
#include <string_view>

#include "longthrow/error.h"
#include "proxy/losses/loss_book.h"

namespace longthrow {

// What else the file says: whether the last process had carried bytes, and ended in order.
enum class LastRun : std::uint8_t { ended, carrying };

struct LossFileContents {
  LossBook::Kept kept;
  LastRun last_run = LastRun::ended;
  WallTime carrying_since{};
  std::size_t damaged_lines = 0;
};

[[nodiscard]] std::string loss_file_of(const std::string& state_dir);
// Lines with their ends.
[[nodiscard]] std::string loss_line(const Loss& loss);
[[nodiscard]] std::string run_line(LastRun run, WallTime at);
[[nodiscard]] std::string whole_loss_file(const LossBook::Kept& kept);
// Takes what can be understood. Of an empty text `since` is the epoch.
[[nodiscard]] LossFileContents parse_loss_file(std::string_view text);

}  // namespace longthrow
