// SPDX-License-Identifier: Apache-2.0
#include "tools/longthrow/render_losses.h"

#include "proxy/base/log.h"
#include "proxy/control/status_json.h"
#include "tools/longthrow/json_fields.h"
#include "tools/longthrow/table.h"

namespace longthrow::cli {
namespace {

std::string bytes_text(std::optional<double> bytes, double perhaps) {
  if (!bytes) return "unknown";
  std::string text = human_bytes(*bytes);
  if (perhaps > 0) text += format(" ({} perhaps there)", human_bytes(perhaps));
  return text;
}

std::string bytes_text(const json::object& loss) {
  return bytes_text(number_at(loss, "bytes"), amount_at(loss, "perhaps_delivered_bytes"));
}

std::string bytes_text(const Loss& loss) {
  return bytes_text(loss.bytes, static_cast<double>(loss.perhaps_delivered_bytes));
}

std::string where_text(const json::object& loss) {
  const std::string route = text_at(loss, "route");
  if (route.empty()) return "the whole node";
  return format("{} ({}, {})", route, text_at(loss, "group"), text_at(loss, "link"));
}

std::string what_text(const json::object& loss) {
  return text_at(loss, "place") == "to_peer" ? "never delivered at the peer" : "arrived, not taken";
}

std::string seconds_text(const json::object& loss) {
  const auto seconds = number_at(loss, "oldest_s");
  return seconds ? human_seconds(*seconds) : "unknown";
}

}  // namespace

std::string render_losses(const json::object& answer, const Painter& paint) {
  Table table({"NO", "AT", "ROUTE (GROUP, LINK)", "BYTES", "OLDEST", "WHAT", "REASON"});
  const json::array& losses = array_at(answer, "losses");
  for (const json::value& entry : losses) {
    if (!entry.is_object()) continue;
    const json::object& loss = entry.get_object();
    const bool minor = text_at(loss, "weight") == "minor";
    table.row({{format("{:.0f}", amount_at(loss, "number")), Paint::none},
               {text_at(loss, "at"), Paint::none},
               {where_text(loss), Paint::none},
               {bytes_text(loss), minor ? Paint::none : Paint::bad},
               {seconds_text(loss), Paint::none},
               {what_text(loss), Paint::none},
               {text_at(loss, "reason") + (minor ? " (minor)" : ""), Paint::none}});
    table.note("      " + text_at(loss, "text"));
  }
  std::string out = losses.empty() ? "nothing was lost" : table.text(paint);
  if (losses.empty()) out += format("; the ledger begins {}\n", text_at(answer, "since"));
  if (!losses.empty()) out += format("the ledger begins {}\n", text_at(answer, "since"));
  if (const double minor = amount_at(answer, "minor_left_out"); minor > 0)
    out += format("{:.0f} minor ones are left out; --minor shows them\n", minor);
  if (const double forgotten = amount_at(answer, "forgotten"); forgotten > 0) {
    out += format("the oldest {:.0f}, of {}, are no longer in it\n", forgotten,
                  human_bytes(amount_at(answer, "forgotten_bytes")));
  }
  if (const std::string why = text_at(answer, "not_kept"); !why.empty())
    out += paint(Paint::bad, "it is not kept on the disk: " + why) + "\n";
  return out;
}

std::string loss_line(const LossSummary& summary, const Painter& paint) {
  std::string out;
  if (summary.losses > 0) {
    out = format("{} since {}, {}", summary.losses, control::utc_text(summary.since),
                 human_bytes(static_cast<double>(summary.bytes)));
    if (summary.last) {
      out += format("; the last at {}: {}, {}", control::utc_text(summary.last->at),
                    bytes_text(*summary.last), to_string(summary.last->reason));
    }
    out = "LOSSES " + paint(Paint::warning, out + "; `longthrow losses` has them all") + "\n";
  }
  if (!summary.not_kept.empty())
    out += "LOSSES " + paint(Paint::bad, "are not kept on the disk: " + summary.not_kept) + "\n";
  return out;
}

}  // namespace longthrow::cli
