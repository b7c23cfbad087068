// SPDX-License-Identifier: Apache-2.0
// The RPO report as one page that asks for nothing outside of it, and can be printed.
#pragma once

#include <string>

#include "tools/longthrow/trace/render_report.h"

namespace longthrow::cli {

[[nodiscard]] std::string reports_to_html(const ShownReports& shown);

}  // namespace longthrow::cli
