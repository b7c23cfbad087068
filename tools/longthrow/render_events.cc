// SPDX-License-Identifier: Apache-2.0
#include "tools/longthrow/render_events.h"

#include "longthrow/events.h"
#include "proxy/base/log.h"
#include "tools/longthrow/json_fields.h"

namespace longthrow::cli {
namespace {

Paint paint_of(const std::string& weight) {
  if (weight == to_string(EventWeight::critical)) return Paint::bad;
  return weight == to_string(EventWeight::warning) ? Paint::warning : Paint::none;
}

std::string place_text(const json::object& event) {
  const std::string link = text_at(event, "link");
  const std::string group = text_at(event, "group");
  if (!group.empty()) return format("group {} ({})", group, link);
  return link.empty() ? "node" : "link " + link;
}

}  // namespace

std::string render_event(const json::object& event, const Painter& paint) {
  const std::string weight = text_at(event, "weight");
  std::string line =
      format("{}  {}  {}: {}", text_at(event, "at"),
             paint(paint_of(weight), format("{:<8}  {:<19}", weight, text_at(event, "code"))),
             place_text(event), text_at(event, "text"));
  if (const double left_out = amount_at(event, "left_out"); left_out > 0)
    line += format(" ({:.0f} more like it were left out before)", left_out);
  return line + "\n";
}

std::string render_events(const json::object& answer, const Painter& paint) {
  std::string out;
  for (const json::value& entry : array_at(answer, "events")) {
    if (entry.is_object()) out += render_event(entry.get_object(), paint);
  }
  out += format("{}the history begins {}\n", out.empty() ? "no event; " : "",
                text_at(answer, "since"));
  if (const double forgotten = amount_at(answer, "forgotten"); forgotten > 0)
    out += format("the oldest {:.0f} are no longer in it\n", forgotten);
  if (const std::string why = text_at(answer, "not_kept"); !why.empty())
    out += paint(Paint::bad, "it is not kept on the disk: " + why) + "\n";
  return out;
}

}  // namespace longthrow::cli
