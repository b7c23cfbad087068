// SPDX-License-Identifier: Apache-2.0
// An explanation for people: a line for each link, and for each group whose verdict differs.
#pragma once

#include <string>

#include "proxy/explain/explain.h"
#include "tools/longthrow/human.h"

namespace longthrow::cli {

// What is said of the link or group `name`: a link with its groups. Empty: of all.
[[nodiscard]] explain::Explanation only(const explain::Explanation& all, const Status& status,
                                        const std::string& name);
[[nodiscard]] std::string render_explanation(const explain::Explanation& all, const Status& status,
                                             const std::string& name, const Painter& paint);

// How loud an effect is.
[[nodiscard]] Paint paint_of(explain::Effect effect);

}  // namespace longthrow::cli
