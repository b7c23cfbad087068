// SPDX-License-Identifier: Apache-2.0
// What every command of `longthrow` has.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "tools/longthrow/cli_app.h"

namespace longthrow::cli {

// A command with --json, --help and examples. When it was typed, its name is that of `into`.
CLI::App* add_command(CLI::App& app, CommandLine& into, const std::string& name,
                      const std::string& what, const std::string& examples);

}  // namespace longthrow::cli
