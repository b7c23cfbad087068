// SPDX-License-Identifier: Apache-2.0
// A running node: in which order its parts are made, and destroyed again.
#pragma once

#include <filesystem>

namespace longthrow {

// Runs until SIGTERM or SIGINT. REQUIRES: prepare_signals. Exit code.
[[nodiscard]] int run_daemon(const std::filesystem::path& main_file);

}  // namespace longthrow
