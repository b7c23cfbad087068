// SPDX-License-Identifier: Apache-2.0
#include "tools/longthrow/top/frame.h"

#include <algorithm>

#include "proxy/base/log.h"
#include "tools/longthrow/top/tables.h"
#include "tools/longthrow/verdict.h"

namespace longthrow::cli {
namespace {

Line node_line(const Status& status) {
  Line line{{status.node, Paint::bold},
            {format("  longthrowd {}, up {}, {}", status.version, human_seconds(status.uptime_s),
                    status.io)}};
  if (status.stopping) line.push_back({"  STOPPING", Paint::warning});
  if (!status.restart_pending.empty()) line.push_back({"  restart pending", Paint::warning});
  return line;
}

Line verdict_line(const Status& status) {
  const NodeVerdict verdict = verdict_of(status);
  switch (verdict.fare) {
    case Fare::well:
      return {{"ALL WELL", Paint::good}, {": " + verdict.text}};
    case Fare::stopped:
      return {{"STOPPED ON PURPOSE", Paint::warning}, {": " + verdict.text}};
    case Fare::trouble:
      break;
  }
  return {{"TROUBLE", Paint::bad}, {": " + verdict.text}};
}

// What stays on the screen however it is scrolled.
std::vector<Line> head_of(const Status& status, const View& view) {
  std::vector<Line> head{node_line(status), verdict_line(status)};
  if (!view.trouble.empty())
    head.push_back({{"NO ANSWER", Paint::bad}, {", as it was last seen: " + view.trouble}});
  head.push_back({});
  for (Line& line : head) line = clipped(line, view.width);
  return head;
}

std::vector<Line> body_of(const History& history, const View& view) {
  const Status& status = history.now();
  if (status.links.empty() && status.groups.empty())
    return std::vector<Line>{Line{Span{"no links are configured"}}};
  const explain::Explanation all = explain::explain(history.before(), status);
  std::vector<Line> body = links_table(history, all, view);
  if (status.groups.empty()) return body;
  body.push_back({});
  for (Line& line : groups_table(history, all, view)) body.push_back(std::move(line));
  return body;
}

Frame too_small(const View& view) {
  const std::string text =
      format("needs {}x{}, has {}x{}; q ends", kWidthMin, kHeightMin, view.width, view.height);
  Frame frame;
  for (const std::string& part : wrapped(text, view.width)) {
    if (frame.lines.size() < view.height) frame.lines.push_back({{part, Paint::warning}});
  }
  return frame;
}

Line keys_line(std::size_t first, std::size_t shown, std::size_t all, std::size_t width) {
  std::string text = "q quit";
  if (shown < all)
    text += format("   j k scroll   lines {} to {} of {}", first + 1, first + shown, all);
  return clipped(Line{{text, Paint::dim}}, width);
}

}  // namespace

Frame draw(const History& history, const View& view) {
  if (view.height > 0 && (view.width < kWidthMin || view.height < kHeightMin))
    return too_small(view);
  Frame frame{.lines = head_of(history.now(), view)};
  std::vector<Line> body = body_of(history, view);
  if (view.height == 0) {
    std::ranges::move(body, std::back_inserter(frame.lines));
    return frame;
  }
  frame.page = view.height - frame.lines.size() - 1;
  const std::size_t shown = std::min(frame.page, body.size());
  frame.scroll = std::min(view.scroll, body.size() - shown);
  const auto first = body.begin() + static_cast<std::ptrdiff_t>(frame.scroll);
  std::move(first, first + static_cast<std::ptrdiff_t>(shown), std::back_inserter(frame.lines));
  frame.lines.resize(view.height - 1);
  frame.lines.push_back(keys_line(frame.scroll, shown, body.size(), view.width));
  return frame;
}

}  // namespace longthrow::cli
