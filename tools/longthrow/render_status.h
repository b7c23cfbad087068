// SPDX-License-Identifier: Apache-2.0
// `longthrow status`: one screen. It does without what is not known, so that it also shows an older
// or newer daemon. Texts must be safe for a terminal, as read_status() makes them.
#pragma once

#include <string>

#include "longthrow/status.h"
#include "tools/longthrow/human.h"

namespace longthrow::cli {

[[nodiscard]] std::string render_status(const Status& status, const Painter& paint);

}  // namespace longthrow::cli
