// SPDX-License-Identifier: Apache-2.0
// A running node: in which order its parts are made, and destroyed again.
#pragma once

#include <filesystem>

namespace longthrow {

// Reads the configuration and says on stdout or stderr whether a node could start with it. Exit
// code.
[[nodiscard]] int check_configuration(const std::filesystem::path& main_file);

// Runs until SIGTERM or SIGINT. REQUIRES: prepare_signals. Exit code.
[[nodiscard]] int run_daemon(const std::filesystem::path& main_file);

}  // namespace longthrow
