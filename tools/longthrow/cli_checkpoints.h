// SPDX-License-Identifier: Apache-2.0
// The commands of checkpoints, as they are typed.
#pragma once

#include "tools/longthrow/cli_app.h"

namespace longthrow::cli {

void add_checkpoints(CLI::App& app, CommandLine& into);

}  // namespace longthrow::cli
