// SPDX-License-Identifier: Apache-2.0
// May this node be restarted now? What is answered to `longthrow restart-check`. Pure.
#pragma once

#include "longthrow/node.h"

namespace longthrow {

// ok: nothing would be lost. `details` has a line for each group that hinders, and what to do.
[[nodiscard]] Answer restart_verdict(RestartReport report);

}  // namespace longthrow
