// SPDX-License-Identifier: Apache-2.0
// `longthrow init --join FILE`: the other site.
#pragma once

#include "tools/longthrow/init/init.h"

namespace longthrow::cli {

[[nodiscard]] int run_join(const CommandLine& line, const Output& output);

}  // namespace longthrow::cli
