// SPDX-License-Identifier: Apache-2.0
// What may be typed after `longthrow plan` and `longthrow report`.
#pragma once

#include "tools/longthrow/cli_app.h"

namespace longthrow::cli {

void add_trace_commands(CLI::App& app, CommandLine& into);

}  // namespace longthrow::cli
