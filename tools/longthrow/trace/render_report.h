// SPDX-License-Identifier: Apache-2.0
// What `longthrow report` shows: as text, and as JSON.
#pragma once

#include <string>
#include <vector>

#include "proxy/control/json.h"
#include "proxy/trace/rpo_report.h"
#include "tools/longthrow/human.h"

namespace longthrow::cli {

struct ShownReports {
  std::vector<trace::RpoReport> reports;
  std::vector<std::string> notes;
};

[[nodiscard]] std::string render_reports(const ShownReports& shown, const Painter& paint);
[[nodiscard]] json::object reports_to_json(const ShownReports& shown);

// One line of a report, as text and HTML show it.
struct ReportLine {
  std::string name;
  std::string value;
  std::vector<std::string> list;  // below it
  Paint paint = Paint::none;
};
// Of a report: the coverage, the lag, and what happened.
[[nodiscard]] std::string title_of(const trace::RpoReport& report);
[[nodiscard]] std::vector<ReportLine> lines_of(const trace::RpoReport& report);
[[nodiscard]] double covered_percent(const trace::RpoReport& report);

}  // namespace longthrow::cli
