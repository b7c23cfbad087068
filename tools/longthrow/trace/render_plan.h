// SPDX-License-Identifier: Apache-2.0
// What `longthrow plan` shows of a plan.
#pragma once

#include <string>
#include <vector>

#include "proxy/control/json.h"
#include "proxy/trace/plan.h"
#include "tools/longthrow/human.h"
#include "tools/longthrow/trace/svg_chart.h"

namespace longthrow::cli {

struct ShownPlan {
  std::string link;
  const trace::Plan& plan;
  std::vector<std::string> notes;  // what to know before one trusts it
};

// What the plan itself gives reason to say.
[[nodiscard]] std::vector<std::string> notes_of(const trace::Plan& plan,
                                                const trace::PlanOptions& options);
[[nodiscard]] std::string render_plan(const ShownPlan& shown, const Painter& paint);
[[nodiscard]] json::object plan_to_json(const ShownPlan& shown);
// The buffer that would have been needed, and the lag, over the trace.
[[nodiscard]] std::vector<Chart> charts_of(const ShownPlan& shown);

}  // namespace longthrow::cli
