// SPDX-License-Identifier: Apache-2.0
#include "tools/longthrow/trace/report_html.h"

#include "proxy/base/log.h"
#include "tools/longthrow/trace/svg_chart.h"

namespace longthrow::cli {
namespace {

constexpr std::string_view kHead = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Longthrow: RPO report</title>
<style>
body { font: 15px/1.45 sans-serif; color: #222; background: #fff; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; font-weight: normal; color: #555; width: 13rem; }
th, td { vertical-align: top; padding: .25rem .5rem .25rem 0; border-bottom: 1px solid #ddd; }
ul { margin: .2rem 0; padding-left: 1.2rem; color: #444; }
svg { width: 100%; height: auto; margin: 1rem 0; }
.bad { color: #b3261e; } .warning { color: #8a5300; } .bold { font-weight: bold; }
.note { color: #555; }
@media print { body { margin: 0; max-width: none; } section { break-inside: avoid; } }
</style>
</head>
<body>
<h1>Longthrow: RPO report</h1>
<p class="note">The lag is the age of the oldest byte that the other site lacked. Times are UTC. Blank in a chart: not known.</p>
)";

std::string_view class_of(Paint paint) {
  switch (paint) {
    case Paint::bad:
      return "bad";
    case Paint::warning:
      return "warning";
    case Paint::bold:
      return "bold";
    default:
      return "";
  }
}

std::string row_of(const ReportLine& line) {
  std::string out = format("<tr><th scope=\"row\">{}</th><td><span class=\"{}\">{}</span>",
                           escaped(line.name), class_of(line.paint), escaped(line.value));
  if (!line.list.empty()) {
    out += "<ul>";
    for (const std::string& each : line.list) out += "<li>" + escaped(each) + "</li>";
    out += "</ul>";
  }
  return out + "</td></tr>\n";
}

Chart chart_of(const trace::RpoReport& report) {
  Chart chart{.title = "lag of " + report.name, .unit = ChartUnit::seconds};
  chart.from_wall = report.period.since;
  chart.until_wall = report.period.until;
  for (const trace::ChartPoint& point : report.chart) {
    const bool known = point.known == trace::ChartPoint::Known::yes;
    chart.values.push_back(known ? std::optional(point.lag_s) : std::nullopt);
  }
  return chart;
}

}  // namespace

std::string reports_to_html(const ShownReports& shown) {
  std::string out(kHead);
  for (const trace::RpoReport& report : shown.reports) {
    out += format("<section>\n<h2>{}</h2>\n<table>\n", escaped(title_of(report)));
    for (const ReportLine& line : lines_of(report)) out += row_of(line);
    out += "</table>\n" + svg_element({chart_of(report)}) + "</section>\n";
  }
  for (const std::string& note : shown.notes)
    out += format("<p class=\"note\">Note: {}</p>\n", escaped(note));
  return out + "</body>\n</html>\n";
}

}  // namespace longthrow::cli
