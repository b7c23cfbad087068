// SPDX-License-Identifier: Apache-2.0
// `longthrowd --check` as the user who is to run the daemon.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace longthrow::cli {

enum class CheckOutcome : std::uint8_t { good, refused, not_run };

struct CheckReport {
  CheckOutcome outcome = CheckOutcome::not_run;
  std::vector<std::string> lines;  // what it said; or why it did not run
};

// Takes the longthrowd beside this program, else that of PATH. Blocks.
[[nodiscard]] CheckReport run_check(const std::filesystem::path& config_file);

}  // namespace longthrow::cli
