// SPDX-License-Identifier: Apache-2.0
// A status with a value of its own in each field, and beside it a link, a group and a route with
// the defaults.
#pragma once

#include "longthrow/status.h"

namespace longthrow::test {

[[nodiscard]] Status full_status();

}  // namespace longthrow::test
