// SPDX-License-Identifier: Apache-2.0
// Limits as they are written on the command line. Pure.
#pragma once

#include <string>

#include "longthrow/error.h"
#include "tools/check_longthrow/judge.h"

namespace longthrow::check {

// Sets the limit that `text` names: "30" or "30s" of a lag in time, "100MiB" of a lag in bytes,
// "age=15m" of an age. `level`: warning or critical.
[[nodiscard]] Result<void> set_limit(const std::string& text, Level level, Wishes& wishes);
// Lowers warning limits to the critical ones: call it between the two, so that a critical limit
// that is given alone is not below the default of the warning.
void lower_warnings(Wishes& wishes);
// A warning that comes after its critical would never be given.
[[nodiscard]] Result<void> check_limits(const Wishes& wishes);

}  // namespace longthrow::check
