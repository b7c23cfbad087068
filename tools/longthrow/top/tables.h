// SPDX-License-Identifier: Apache-2.0
// The tables of `top`: a row for each link and group, and what stands in its way.
#pragma once

#include <vector>

#include "proxy/explain/explain.h"
#include "tools/longthrow/top/frame.h"

namespace longthrow::cli {

// No line is wider than `view.width`.
[[nodiscard]] std::vector<Line> links_table(const History& history, const explain::Explanation& all,
                                            const View& view);
[[nodiscard]] std::vector<Line> groups_table(const History& history,
                                             const explain::Explanation& all, const View& view);

}  // namespace longthrow::cli
