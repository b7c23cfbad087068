// SPDX-License-Identifier: Apache-2.0
#include "tools/longthrow/top/tables.h"

#include "proxy/base/log.h"
#include "tools/longthrow/render_explain.h"
#include "tools/longthrow/top/grid.h"

namespace longthrow::cli {
namespace {

using explain::Cause;
using explain::Verdict;

constexpr std::size_t kSparkWidth = 20;
constexpr auto kRight = Grid::Align::right;

std::string_view short_text(Cause cause) {
  switch (cause) {
    case Cause::nothing:
      return "nothing";
    case Cause::source_idle:
      return "idle";
    case Cause::wan_full:
      return "WAN full";
    case Cause::loss:
      return "loss";
    case Cause::receive_window:
      return "receive window";
    case Cause::send_buffer:
      return "send buffer";
    case Cause::bandwidth:
      return "bandwidth";
    case Cause::cpu:
      return "CPU";
    case Cause::codec:
      return "codec";
    case Cause::target:
      return "target";
    case Cause::receive_share:
      return "receive share";
    case Cause::buffer_full:
      return "buffer";
    case Cause::nothing_passes:
      return "MTU hole";
    case Cause::link_down:
      return "link down";
    case Cause::paused:
      return "paused";
    case Cause::held:
      return "held";
    case Cause::fenced:
      return "fenced";
  }
  return "?";
}

Span limit_cell(const Verdict& verdict) {
  return {std::string(short_text(verdict.cause)), paint_of(verdict.effect)};
}

Span state_cell(const LinkStatus& link) {
  const bool on_purpose = !link.notices.empty();
  const Paint paint = link.state == LinkState::up ? Paint::good
                      : on_purpose                ? Paint::warning
                                                  : Paint::bad;
  return {std::string(to_string(link.state)), paint};
}

Span copy_cell(Consistency consistent) {
  if (consistent == Consistency::yes) return {"consistent", Paint::good};
  if (consistent == Consistency::unknown) return {"unknown", Paint::warning};
  return {"NOT CONSISTENT", Paint::bad};
}

Span bytes_cell(std::uint64_t bytes) { return {human_bytes(static_cast<double>(bytes))}; }
Span rate_cell(std::optional<double> bytes_s) { return {bytes_s ? human_rate(*bytes_s) : "-"}; }
Span time_cell(std::optional<double> seconds, Paint paint) {
  if (!seconds) return {"-"};
  return {human_seconds(*seconds), paint};
}

Span buffer_cell(const LinkStatus& link, double share) {
  const Paint paint = link.buffer.full ? Paint::bad : share >= 0.75 ? Paint::warning : Paint::none;
  return {link.buffer.full ? "FULL" : format("{:.0f} %", 100 * share), paint};
}

Span spark_cell(const History::Series& series, const View& view) {
  return {sparkline(series, kSparkWidth, view.glyphs), Paint::dim};
}

// The sentence below its row. What goes well needs none.
void add_sentence(Grid& grid, const Verdict& verdict, const View& view) {
  if (verdict.cause == Cause::nothing) return;
  for (const std::string& part : wrapped(verdict.sentence, view.width - 2))
    grid.note({{"  "}, {part, paint_of(verdict.effect)}});
}

}  // namespace

std::vector<Line> links_table(const History& history, const explain::Explanation& all,
                              const View& view) {
  Grid grid({{.title = "LINK"},
             {.title = "STATE", .dispensable = 3},
             {.title = "LAG", .align = kRight},
             {.title = "AGE", .align = kRight, .dispensable = 2},
             {.title = "LAG SO FAR", .dispensable = 8},
             {.title = "IN", .align = kRight, .dispensable = 4},
             {.title = "OUT", .align = kRight, .dispensable = 4},
             {.title = "RATIO", .align = kRight, .dispensable = 9},
             {.title = "BUFFER", .align = kRight, .dispensable = 1},
             {.title = "FULL IN", .align = kRight, .dispensable = 6},
             {.title = "DRAINED IN", .align = kRight, .dispensable = 7},
             {.title = "LIMIT"}});
  for (const auto& [name, link] : history.now().links) {
    const Verdict& verdict = all.links.at(name);
    const explain::Numbers& numbers = verdict.numbers;
    grid.row({{name, Paint::bold},
              state_cell(link),
              bytes_cell(link.lag.bytes),
              {human_seconds(link.lag.seconds)},
              spark_cell(history.link_lag(name), view),
              rate_cell(numbers.in_bytes_s),
              rate_cell(numbers.out_bytes_s),
              {numbers.ratio ? format("{:.1f}", *numbers.ratio) : "-"},
              buffer_cell(link, numbers.buffer_share),
              time_cell(numbers.full_s, Paint::warning),
              time_cell(numbers.drain_s, Paint::none),
              limit_cell(verdict)});
    add_sentence(grid, verdict, view);
  }
  return grid.lines(view.width);
}

std::vector<Line> groups_table(const History& history, const explain::Explanation& all,
                               const View& view) {
  Grid grid({{.title = "GROUP"},
             {.title = "LINK", .dispensable = 5},
             {.title = "COPY", .dispensable = 1},
             {.title = "LAG", .align = kRight},
             {.title = "AGE", .align = kRight, .dispensable = 2},
             {.title = "LAG SO FAR", .dispensable = 8},
             {.title = "IN", .align = kRight, .dispensable = 4},
             {.title = "LIMIT"}});
  for (const auto& [name, group] : history.now().groups) {
    const Verdict& verdict = all.groups.at(name);
    grid.row({{name, Paint::bold},
              {group.link},
              copy_cell(group.consistent),
              bytes_cell(group.lag.bytes),
              {human_seconds(group.lag.seconds)},
              spark_cell(history.group_lag(name), view),
              rate_cell(verdict.numbers.in_bytes_s),
              limit_cell(verdict)});
    const auto of = all.links.find(group.link);
    if (of == all.links.end() || differs(verdict, of->second)) add_sentence(grid, verdict, view);
  }
  return grid.lines(view.width);
}

}  // namespace longthrow::cli
