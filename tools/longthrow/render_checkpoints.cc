// SPDX-License-Identifier: Apache-2.0
#include "tools/longthrow/render_checkpoints.h"

#include "tools/longthrow/json_fields.h"
#include "tools/longthrow/table.h"

namespace longthrow::cli {
namespace {

Paint paint_of_state(const std::string& state) {
  if (state == "failed") return Paint::bad;
  return state == "done" ? Paint::good : Paint::none;
}

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }

}  // namespace

std::string render_checkpoints(const json::object& answer, const Painter& paint) {
  Table table({"GROUP", "CHECKPOINT", "MADE", "CREATED", "STATE", "PROOF", "REACHED", "TOOK",
               "ON DISK", "HOOK"});
  const json::array& list = array_at(answer, "checkpoints");
  for (const json::value& entry : list) {
    if (!entry.is_object()) continue;
    const json::object& one = entry.get_object();
    const auto took = number_at(one, "took_s");
    const std::string state = text_at(one, "state");
    // The step may not have been heard of, if no hook ran.
    const bool reached = state == "done" || !text_at(one, "reached").empty();
    table.row({{text_at(one, "group"), Paint::none},
               {text_at(one, "name"), Paint::none},
               {text_at(one, "made"), Paint::none},
               {text_at(one, "created"), Paint::none},
               {state, paint_of_state(state)},
               {text_at(one, "proof"), Paint::none},
               {or_dash(text_at(one, "reached")), Paint::none},
               {took ? human_seconds(*took) : "-", Paint::none},
               {flag_at(one, "applied") ? "yes"
                : reached               ? "not known"
                                        : "-",
                Paint::none},
               {text_at(one, "hook"), Paint::none}});
    if (const std::string text = text_at(one, "text"); !text.empty()) table.note("      " + text);
  }
  std::string out = list.empty() ? "no checkpoints are known here\n" : table.text(paint);
  if (const std::string why = text_at(answer, "not_kept"); !why.empty())
    out += paint(Paint::bad, "they are not kept on the disk: " + why) + "\n";
  return out;
}

}  // namespace longthrow::cli
