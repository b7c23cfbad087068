// SPDX-License-Identifier: Apache-2.0
// Parts of the command line's grammar (cli_app.h).
#pragma once

#include <string>

#include "tools/longthrow/cli_app.h"

namespace longthrow::cli {

// A subcommand with --json and examples, whose name goes into `into`.
CLI::App* add_command(CLI::App& app, CommandLine& into, const std::string& name,
                      const std::string& what, const std::string& examples);
void add_checkpoints(CLI::App& app, CommandLine& into);

}  // namespace longthrow::cli
