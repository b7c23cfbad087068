// SPDX-License-Identifier: Apache-2.0
#include "tools/longthrow/trace/svg_chart.h"

#include <algorithm>
#include <cmath>

#include "proxy/base/log.h"
#include "tools/longthrow/human.h"
#include "tools/longthrow/trace/read_trace.h"

namespace longthrow::cli {
namespace {

constexpr double kWidth = 900;
constexpr double kHeight = 240;  // of a chart
constexpr double kLeft = 90;
constexpr double kRight = 16;
constexpr double kTop = 34;
constexpr double kBottom = 34;
constexpr int kMarks = 4;

std::string amount(ChartUnit unit, double value) {
  return unit == ChartUnit::bytes ? human_bytes(value) : human_seconds(value);
}

double most_of(const Chart& chart) {
  double most = chart.unit == ChartUnit::bytes ? 1024.0 : 1.0;
  for (const auto& value : chart.values) most = std::max(most, value.value_or(0.0));
  for (const Chart::Limit& limit : chart.limits) most = std::max(most, limit.value);
  return most * 1.05;
}

class Panel {
 public:
  Panel(const Chart& chart, double top) : chart_(chart), top_(top), most_(most_of(chart)) {}

  [[nodiscard]] std::string text() const {
    std::string out = format("<text x=\"{}\" y=\"{}\" class=\"title\">{}</text>\n", kLeft,
                             top_ + 20, escaped(chart_.title));
    for (int i = 0; i <= kMarks; ++i) out += value_mark(most_ * i / kMarks) + time_mark(i);
    out += lines();
    for (const Chart::Limit& limit : chart_.limits) {
      out += format(
          "<line x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\" class=\"limit\"/>\n"
          "<text x=\"{}\" y=\"{:.1f}\" class=\"limit\">{}</text>\n",
          kLeft, kWidth - kRight, y(limit.value), y(limit.value), kLeft + 6, y(limit.value) - 4,
          escaped(limit.label));
    }
    return out;
  }

 private:
  [[nodiscard]] double y(double value) const {
    return top_ + kTop + (kHeight - kTop - kBottom) * (1 - value / most_);
  }
  [[nodiscard]] double x(double part) const { return kLeft + (kWidth - kLeft - kRight) * part; }

  [[nodiscard]] std::string value_mark(double value) const {
    return format(
        "<line x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\" class=\"grid\"/>"
        "<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>\n",
        kLeft, kWidth - kRight, y(value), y(value), kLeft - 6, y(value) + 4,
        amount(chart_.unit, value));
  }
  [[nodiscard]] std::string time_mark(int i) const {
    const std::int64_t wall =
        chart_.from_wall + (chart_.until_wall - chart_.from_wall) * i / kMarks;
    const std::string anchor = i == 0 ? "start" : i == kMarks ? "end" : "middle";
    const bool is_short = chart_.until_wall - chart_.from_wall < 2 * 3600;
    std::string when = utc_second(wall).substr(0, is_short ? 19 : 16);
    std::ranges::replace(when, 'T', ' ');
    return format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"{}\">{}</text>\n",
                  x(static_cast<double>(i) / kMarks), top_ + kHeight - 14, anchor, when);
  }
  // A line for each stretch that is known, and an area below it; what is not known stays blank.
  [[nodiscard]] std::string lines() const {
    std::string out;
    std::string points;
    double first = 0.0;
    double last = 0.0;
    const auto end = [&] {
      if (points.empty()) return;
      out += format(
          "<polygon points=\"{:.1f},{:.1f} {}{:.1f},{:.1f}\" class=\"area\"/>"
          "<polyline points=\"{}\" class=\"line\"/>\n",
          first, y(0), points, last, y(0), points);
      points.clear();
    };
    const auto count = static_cast<double>(chart_.values.size());
    for (std::size_t i = 0; i < chart_.values.size(); ++i) {
      if (!chart_.values[i]) {
        end();
        continue;
      }
      const double from = x(static_cast<double>(i) / count);
      if (points.empty()) first = from;
      last = x((static_cast<double>(i) + 1) / count);
      const double at = y(*chart_.values[i]);
      points += format("{:.1f},{:.1f} {:.1f},{:.1f} ", from, at, last, at);
    }
    end();
    return out;
  }

  const Chart& chart_;
  double top_;
  double most_;
};

}  // namespace

void Chart::begin(std::int64_t from, std::int64_t until) {
  from_wall = from;
  until_wall = std::max(until, from + 1);
  const auto length = static_cast<std::size_t>(until_wall - from_wall);
  values.assign(std::min(kPoints, length), std::nullopt);
}

void Chart::put(std::int64_t from, double seconds, double value) {
  const auto count = static_cast<double>(values.size());
  const auto length = static_cast<double>(until_wall - from_wall);
  const auto place = [&](double wall) { return std::clamp(wall / length * count, 0.0, count - 1); };
  const auto begin = static_cast<double>(from - from_wall);
  if (begin < 0 || begin >= length) return;
  const auto last = static_cast<std::size_t>(place(begin + std::max(seconds - 1, 0.0)));
  for (auto at = static_cast<std::size_t>(place(begin)); at <= last; ++at)
    values[at] = std::max(values[at].value_or(0.0), value);
}

std::string svg_element(const std::vector<Chart>& charts) {
  const double height = kHeight * static_cast<double>(charts.size());
  std::string out = format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" role=\"img\" "
      "font-family=\"sans-serif\" font-size=\"12\">\n<style>text{{fill:#444}}"
      ".title{{font-size:14px;font-weight:bold}}.grid{{stroke:#ddd}}"
      ".line{{fill:none;stroke:#1f5fa8}}.area{{fill:#1f5fa8;fill-opacity:.2}}"
      "line.limit{{stroke:#b3261e;stroke-dasharray:6 4}}text.limit{{fill:#b3261e}}</style>\n",
      kWidth, height);
  if (!charts.empty()) out += "<title>" + escaped(charts.front().title) + "</title>\n";
  for (std::size_t i = 0; i < charts.size(); ++i)
    out += Panel(charts[i], kHeight * static_cast<double>(i)).text();
  return out + "</svg>\n";
}

std::string svg_document(const std::vector<Chart>& charts) {
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + svg_element(charts);
  const std::string_view before_style = "\n<style>";
  out.insert(out.find(before_style), "\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>");
  return out;
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : printable(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out.push_back(c);
    }
  }
  return out;
}

}  // namespace longthrow::cli
