// SPDX-License-Identifier: Apache-2.0
// Whether a node could run with a configuration on this machine. Changes nothing.
#pragma once

#include <filesystem>

#include "longthrow/config.h"
#include "longthrow/error.h"

namespace longthrow {

// Exit codes of the daemon.
inline constexpr int kDone = 0;
inline constexpr int kNotDone = 1;

// The memlimits: their sum against the machine, and the shares of each group.
[[nodiscard]] Result<void> check_memlimits(const Config& config);
// What a configuration needs of this machine: memory and readable keys.
[[nodiscard]] Result<void> check_machine(const Config& config);
// Reads the configuration and says on stdout or stderr whether a node could start with it. Exit
// code.
[[nodiscard]] int check_configuration(const std::filesystem::path& main_file);

}  // namespace longthrow
