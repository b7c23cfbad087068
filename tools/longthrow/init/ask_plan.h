// SPDX-License-Identifier: Apache-2.0
// From flags and answers to the plan of two sites.
#pragma once

#include "proxy/config/memory_limits.h"
#include "tools/longthrow/init/options.h"
#include "tools/longthrow/init/questions.h"
#include "tools/longthrow/init/site_plan.h"

namespace longthrow::cli {

struct PlanWithReason {
  SitePlan plan;
  std::string memlimit_why;  // "": it was named
};

// `host_name` is what this node is called if nothing else is said.
[[nodiscard]] Result<PlanWithReason> ask_plan(const InitOptions& options, Questions& questions,
                                              const std::string& host_name,
                                              const MemoryLimits& machine);

// A memlimit as in a configuration file.
[[nodiscard]] Result<std::uint64_t> parse_memlimit(const std::string& text);

}  // namespace longthrow::cli
