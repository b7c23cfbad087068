// SPDX-License-Identifier: Apache-2.0
#include "tools/longthrow/render_status.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "proxy/base/log.h"
#include "proxy/config/units.h"
#include "tools/longthrow/json_fields.h"
#include "tools/longthrow/render_losses.h"
#include "tools/longthrow/table.h"
#include "tools/longthrow/verdict.h"

namespace longthrow::cli {
namespace {

std::string cause_text(const std::string& cause) {
  if (cause == "source") return "the source: everything it offers is taken";
  if (cause == "wan") return "the WAN";
  if (cause == "bandwidth") return "the bandwidth setting";
  if (cause == "cpu") return "the CPU (compression)";
  if (cause == "peer_disk") return "the peer's target: it takes no more";
  if (cause == "down") return "the link is down";
  if (cause == "paused") return "the link is paused";
  return cause;
}

Paint state_paint(const std::string& state) {
  if (state == "up" || state == "open") return Paint::good;
  return state == "connecting" ? Paint::warning : Paint::bad;
}

std::string line(std::string_view label, const std::string& text) {
  return format("  {:<9}{}\n", label, text);
}

// How a notice of the daemon's is said; `name` is what the command takes that ends it.
std::string notice_text(const json::object& notice, const std::string& name) {
  const std::string what = text_at(notice, "what");
  const bool here = text_at(notice, "where") == "here";
  const std::string input = what == "held" ? "input is held" : what;
  std::string text = format("{} {} since {}: {}", input, here ? "here" : "at the peer",
                            text_at(notice, "since"), text_at(notice, "by"));
  if (here)
    text += format("; `longthrow {} {}` ends it", what == "fenced" ? "release" : "resume", name);
  return text;
}

std::vector<std::string> notice_texts(const json::object& of, const std::string& name) {
  std::vector<std::string> texts;
  for (const json::value& notice : array_at(of, "notices")) {
    if (notice.is_object()) texts.push_back(notice_text(notice.get_object(), name));
  }
  return texts;
}

std::string link_head(const std::string& name, const json::object& link, const Painter& paint) {
  const std::string state = text_at(link, "state");
  const std::string paused = text_at(link, "paused_since");
  std::string out = format("{} {}", paint(Paint::bold, "LINK " + printable(name)),
                           paint(state_paint(state), state));
  if (!paused.empty()) out += ", " + paint(Paint::warning, "paused since " + paused);
  if (flag_at(link, "fenced")) {
    out += ", " + paint(Paint::bad, "FENCED until `longthrow release " + printable(name) + "`");
  }
  if (const std::string peer = text_at(link, "peer"); !peer.empty()) out += ", peer " + peer;
  if (state == "up") {
    const double lanes = amount_at(link, "lanes");
    const auto rtt = number_at(link, "rtt_ms");
    out += format(", rtt {}, {:.0f} lane{}", rtt ? format("{:.1f} ms", *rtt) : "unknown", lanes,
                  lanes == 1.0 ? "" : "s");
  }
  out += '\n';
  if (const std::string reason = text_at(link, "reason"); !reason.empty() && paused.empty()) {
    out += line("why", paint(Paint::warning, reason));
  }
  for (const std::string& notice : notice_texts(link, printable(name))) {
    out += line("stopped", paint(Paint::warning, notice));
  }
  return out;
}

std::string warning_lines(const json::object& link, const Painter& paint) {
  std::string out;
  for (const json::value& warning : array_at(link, "warnings")) {
    if (!warning.is_object()) continue;
    out += line("warning", paint(Paint::warning, text_at(warning.get_object(), "text")));
  }
  return out;
}

std::string buffer_lines(const json::object& link, const Painter& paint) {
  const json::object& buffer = object_at(link, "buffer");
  const double used = amount_at(buffer, "used_bytes");
  const auto share = number_at(buffer, "send_limit_bytes");
  const double limit = share && *share > 0 ? *share : amount_at(buffer, "limit_bytes");
  std::string text = format("{} of {}", human_bytes(used), human_bytes(limit));
  if (limit > 0) text += format(" ({:.0f} %)", 100 * used / limit);
  text += format(", holding {} raw", human_bytes(amount_at(buffer, "raw_bytes")));
  if (flag_at(buffer, "full")) text += ", " + paint(Paint::bad, "FULL: the source is slowed");
  if (const auto full = number_at(link, "full_eta_s")) {
    text += ", " + paint(Paint::warning, "full in " + human_seconds(*full));
  }
  std::string out = line("buffer", text);

  const json::object& lag = object_at(link, "lag");
  text = format("{}, {}", human_bytes(amount_at(lag, "bytes")),
                human_seconds(amount_at(lag, "seconds")));
  if (const auto drained = number_at(link, "drain_eta_s")) {
    text += ", drained in " + human_seconds(*drained);
  }
  if (const double behind = amount_at(link, "undelivered_bytes"); behind > 0) {
    text += format("; from the peer: {} undelivered", human_bytes(behind));
  }
  return out + line("lag", text);
}

std::string rate_line(const json::object& link) {
  const json::object& rate = object_at(link, "rate");
  return line(
      "rate",
      format("in {}, out {}; limited by {}", human_rate(amount_at(rate, "in_bytes_s")),
             human_rate(amount_at(rate, "out_bytes_s")), cause_text(text_at(link, "limited_by"))));
}

// "*" marks what `longthrow set` changed and the file does not say.
std::string settings_line(const json::object& link, const Painter& paint) {
  const json::array& differs = array_at(link, "differs_from_file");
  const auto mark = [&](std::string_view setting) {
    const bool found = std::ranges::any_of(differs, [&](const json::value& entry) {
      return entry.is_string() && std::string_view(entry.get_string()) == setting;
    });
    return found ? paint(Paint::warning, "*") : std::string();
  };
  const json::object& compression = object_at(link, "compression");
  const std::string setting = text_at(compression, "setting");
  const std::string codec = text_at(compression, "codec");
  std::string shown = setting.empty() ? codec : setting;
  shown += mark("compression");
  if (codec != setting && !setting.empty() && !codec.empty()) shown += " now " + codec;
  const auto limit = static_cast<std::uint64_t>(
      std::max(0.0, amount_at(object_at(link, "buffer"), "limit_bytes")));
  const auto bandwidth =
      static_cast<std::uint64_t>(std::max(0.0, amount_at(link, "bandwidth_bytes_s")));
  const auto ratio = number_at(compression, "ratio");
  std::string text = format(
      "memlimit {}{}, compression {}, ratio {}, bandwidth {}{}", show_size(limit), mark("memlimit"),
      shown, ratio ? format("{:.1f}", *ratio) : "unknown", show_rate(bandwidth), mark("bandwidth"));
  if (!differs.empty()) text += paint(Paint::warning, "   * until restart or reload");
  return line("settings", text);
}

// Only what is not zero: on a healthy link there is nothing to read here.
std::string trouble_line(const json::object& link) {
  const json::object& totals = object_at(link, "totals");
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  const auto count = [&](const json::object& in, std::string_view key, std::string_view words) {
    if (const double value = amount_at(in, key); value > 0) add(format("{:.0f} {}", value, words));
  };
  count(link, "reconnects", "reconnects");
  if (const double again = amount_at(link, "retransmitted_bytes"); again > 0) {
    add(human_bytes(again) + " retransmitted");
  }
  count(totals, "checksum_failures", "checksum failures");
  count(totals, "refused_peers", "refused peers");
  count(totals, "aborted_channels", "aborted channels");
  return text.empty() ? text : line("so far", text);
}

std::string copy_text(const json::object& inbound) {
  const std::string as_of = text_at(inbound, "as_of");
  if (as_of.empty()) return "nothing received";
  std::string text;
  if (const auto age = number_at(inbound, "age_s")) text = human_seconds(*age) + " old, ";
  text += "as of " + as_of;
  if (const std::string proof = text_at(inbound, "proof"); !proof.empty()) {
    const std::string why = text_at(inbound, "proof_reason");
    text += proof == "none" ? " (not proven: " + why + ")" : " (" + proof + ")";
  }
  return text;
}

std::string groups_table(const json::object& groups, const Painter& paint) {
  if (groups.empty()) return {};
  Table table({"GROUP", "LINK", "CONSISTENT", "LAG HERE TO PEER", "OUR COPY OF THE PEER'S"});
  for (const auto& entry : groups) {
    if (!entry.value().is_object()) continue;
    const json::object& group = entry.value().get_object();
    const bool consistent = flag_at(group, "consistent");
    const auto* said = group.if_contains("consistent");
    const bool unknown = said != nullptr && said->is_null();
    const json::object& lag = object_at(group, "lag");
    table.row({{printable(entry.key()), Paint::bold},
               {text_at(group, "link")},
               {consistent ? "yes"
                : unknown  ? "unknown"
                           : "NO",
                consistent ? Paint::good
                : unknown  ? Paint::warning
                           : Paint::bad},
               {format("{}, {}", human_bytes(amount_at(lag, "bytes")),
                       human_seconds(amount_at(lag, "seconds")))},
               {copy_text(object_at(group, "inbound"))}});
    if (unknown) {
      table.note(
          paint(Paint::warning, "  !! not known to be consistent: " + text_at(group, "reason")));
    } else if (!consistent) {
      table.note(paint(Paint::bad, "  !! NOT CONSISTENT: " + text_at(group, "reason")));
    }
    for (const std::string& notice : notice_texts(group, printable(entry.key()))) {
      table.note(paint(Paint::warning, "  !! " + notice));
    }
  }
  return "\n" + table.text(paint);
}

std::string channel_note(const json::object& channel) {
  return format("  channel {:.0f} {}: {} <-> {}, in {}, out {}, lag {}", amount_at(channel, "id"),
                text_at(channel, "state"), text_at(channel, "local"), text_at(channel, "remote"),
                human_bytes(amount_at(channel, "in_bytes")),
                human_bytes(amount_at(channel, "out_bytes")),
                human_bytes(amount_at(channel, "lag_bytes")));
}

std::string drbd_note(const json::object& drbd) {
  if (!flag_at(drbd, "paired")) return "  DRBD is not connected through this route";
  if (const std::string ahead = text_at(drbd, "ahead"); !ahead.empty()) {
    return format("  {} DRBD is ahead: it does not mirror until the buffer has drained",
                  ahead == "here" ? "The local" : "The peer's");
  }
  return format("  DRBD: {:.0f} barriers without an answer, the oldest for {}",
                amount_at(drbd, "barriers_open"), human_seconds(amount_at(drbd, "lag_s")));
}

std::string routes_table(const json::object& routes, const Painter& paint) {
  if (routes.empty()) return {};
  constexpr std::size_t kChannelsShown = 8;  // of each route; --json has more
  Table table({"ROUTE", "GROUP", "STATE", "CHANNELS", "REASON"});
  for (const auto& entry : routes) {
    if (!entry.value().is_object()) continue;
    const json::object& route = entry.value().get_object();
    const std::string state = text_at(route, "state");
    const double open = amount_at(route, "channels");
    table.row({{printable(entry.key()), Paint::bold},
               {text_at(route, "group")},
               {state, state_paint(state)},
               {format("{:.0f}", open)},
               {text_at(route, "reason")}});
    if (const double waiting = amount_at(route, "waiting"); waiting > 0) {
      table.note(format("  connections that wait for the link: {:.0f}", waiting));
    }
    for (const json::value& warning : array_at(route, "warnings")) {
      if (!warning.is_object()) continue;
      table.note("  " + paint(Paint::warning, text_at(warning.get_object(), "name") + ": " +
                                                  text_at(warning.get_object(), "text")));
    }
    std::size_t shown = 0;
    for (const json::value& channel : array_at(route, "channel_list")) {
      if (shown == kChannelsShown || !channel.is_object()) break;
      table.note(channel_note(channel.get_object()));
      ++shown;
    }
    if (route.contains("drbd")) table.note(drbd_note(object_at(route, "drbd")));
    if (open > static_cast<double>(shown) && shown > 0) {
      table.note(format("  and {:.0f} more", open - static_cast<double>(shown)));
    }
  }
  return "\n" + table.text(paint);
}

std::string verdict_line(const json::object& status, const Painter& paint) {
  const NodeVerdict verdict = verdict_of(status);
  switch (verdict.fare) {
    case Fare::well:
      return paint(Paint::good, "ALL WELL") + ": " + verdict.text + '\n';
    case Fare::stopped:
      return paint(Paint::warning, "STOPPED ON PURPOSE") + ": " + verdict.text + '\n';
    case Fare::trouble:
      break;
  }
  return paint(Paint::bad, "TROUBLE") + ": " + verdict.text + '\n';
}

}  // namespace

std::string render_status(const json::object& status, const Painter& paint) {
  std::string out = verdict_line(status, paint);
  out += format("{}  longthrowd {}, up {}, {}", paint(Paint::bold, text_at(status, "node")),
                text_at(status, "version"), human_seconds(amount_at(status, "uptime_s")),
                text_at(status, "io"));
  if (const std::string why = text_at(status, "io_reason"); !why.empty()) {
    out += " (no io_uring: " + why + ")";
  }
  if (flag_at(status, "stopping")) out += "  " + paint(Paint::warning, "STOPPING");
  out += '\n';
  out += loss_line(object_at(status, "losses"), paint);
  const json::object& links = object_at(status, "links");
  if (links.empty()) out += "\nno links are configured\n";
  for (const auto& entry : links) {
    if (!entry.value().is_object()) continue;
    const json::object& link = entry.value().get_object();
    out += '\n' + link_head(entry.key(), link, paint) + warning_lines(link, paint) +
           buffer_lines(link, paint) + rate_line(link) + settings_line(link, paint) +
           trouble_line(link);
  }
  out += groups_table(object_at(status, "groups"), paint);
  out += routes_table(object_at(status, "routes"), paint);
  return out;
}

}  // namespace longthrow::cli
