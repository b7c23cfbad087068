// SPDX-License-Identifier: Apache-2.0
#include "tools/longthrow/render_status.h"

#include <algorithm>

#include "proxy/base/log.h"
#include "proxy/config/units.h"
#include "proxy/control/status_json.h"
#include "tools/longthrow/render_losses.h"
#include "tools/longthrow/table.h"
#include "tools/longthrow/verdict.h"

namespace longthrow::cli {
namespace {

std::string_view cause_text(Limit cause) {
  switch (cause) {
    case Limit::source:
      return "the source: everything it offers is taken";
    case Limit::wan:
      return "the WAN";
    case Limit::bandwidth:
      return "the bandwidth setting";
    case Limit::cpu:
      return "the CPU (compression)";
    case Limit::peer_disk:
      return "the peer's target: it takes no more";
    case Limit::down:
      return "the link is down";
    case Limit::paused:
      return "the link is paused";
  }
  return "?";
}

Paint state_paint(LinkState state) {
  if (state == LinkState::up) return Paint::good;
  return state == LinkState::connecting ? Paint::warning : Paint::bad;
}

std::string line(std::string_view label, const std::string& text) {
  return format("  {:<9}{}\n", label, text);
}

// How a notice of the daemon's is said; `name` is what the command takes that ends it.
std::string notice_text(const Notice& notice, const std::string& name) {
  const bool here = notice.where == Side::here;
  std::string text =
      format("{} {} since {}: {}",
             notice.what == NoticeKind::held ? "input is held" : to_string(notice.what),
             here ? "here" : "at the peer", control::utc_text(notice.since), notice.by);
  if (here) {
    text += format("; `longthrow {} {}` ends it",
                   notice.what == NoticeKind::fenced ? "release" : "resume", name);
  }
  return text;
}

std::string link_head(const std::string& name, const LinkStatus& link, const Painter& paint) {
  std::string out = format("{} {}", paint(Paint::bold, "LINK " + name),
                           paint(state_paint(link.state), to_string(link.state)));
  if (link.paused_since) {
    out += ", " + paint(Paint::warning, "paused since " + control::utc_text(*link.paused_since));
  }
  if (link.fenced) out += ", " + paint(Paint::bad, "FENCED until `longthrow release " + name + "`");
  if (!link.peer.empty()) out += ", peer " + link.peer;
  if (link.state == LinkState::up) {
    out +=
        format(", rtt {}, {} lane{}", link.rtt_ms ? format("{:.1f} ms", *link.rtt_ms) : "unknown",
               link.lanes.size(), link.lanes.size() == 1 ? "" : "s");
  }
  out += '\n';
  if (!link.reason.empty() && !link.paused_since)
    out += line("why", paint(Paint::warning, link.reason));
  for (const Notice& notice : link.notices)
    out += line("stopped", paint(Paint::warning, notice_text(notice, name)));
  return out;
}

std::string certificate_line(const LinkStatus& link) {
  const auto& [here, peer] = link.certificate_ends;
  if (!here && !peer) return {};
  const auto text = [](const std::optional<WallTime>& ends) {
    return ends ? control::utc_text(*ends) : std::string("unknown");
  };
  return line("expires",
              format("this node's certificate {}, the peer's {}", text(here), text(peer)));
}

std::string warning_lines(const LinkStatus& link, const Painter& paint) {
  std::string out;
  for (const Warning& warning : link.warnings)
    out += line("warning", paint(Paint::warning, warning.text));
  return out;
}

std::string bytes_text(std::uint64_t bytes) { return human_bytes(static_cast<double>(bytes)); }

std::string lag_text(const Lag& lag) {
  return format("{}, {}", bytes_text(lag.bytes), human_seconds(lag.seconds));
}

std::string buffer_lines(const LinkStatus& link, const Painter& paint) {
  const auto& buffer = link.buffer;
  const auto used = static_cast<double>(buffer.used_bytes);
  const auto limit = static_cast<double>(buffer.send_limit_bytes > 0 ? buffer.send_limit_bytes
                                                                     : buffer.limit_bytes);
  std::string text = format("{} of {}", human_bytes(used), human_bytes(limit));
  if (limit > 0) text += format(" ({:.0f} %)", 100 * used / limit);
  text += format(", holding {} raw", bytes_text(buffer.raw_bytes));
  if (buffer.full) text += ", " + paint(Paint::bad, "FULL: the source is slowed");
  if (link.full_eta_s)
    text += ", " + paint(Paint::warning, "full in " + human_seconds(*link.full_eta_s));
  std::string out = line("buffer", text);

  text = lag_text(link.lag);
  if (link.drain_eta_s) text += ", drained in " + human_seconds(*link.drain_eta_s);
  if (link.undelivered_bytes > 0)
    text += format("; from the peer: {} undelivered", bytes_text(link.undelivered_bytes));
  return out + line("lag", text);
}

std::string rate_line(const LinkStatus& link) {
  return line("rate", format("in {}, out {}; limited by {}", human_rate(link.rate.in_bytes_s),
                             human_rate(link.rate.out_bytes_s), cause_text(link.limited_by)));
}

// "*" marks what `longthrow set` changed and the file does not say.
std::string settings_line(const LinkStatus& link, const Painter& paint) {
  const auto mark = [&](std::string_view setting) {
    const bool found =
        std::ranges::find(link.differs_from_file, setting) != link.differs_from_file.end();
    return found ? paint(Paint::warning, "*") : std::string();
  };
  const std::string& setting = link.compression.setting;
  const std::string& codec = link.compression.codec;
  const std::optional<double>& ratio = link.compression.ratio;
  std::string shown = setting.empty() ? codec : setting;
  shown += mark("compression");
  if (codec != setting && !setting.empty() && !codec.empty()) shown += " now " + codec;
  std::string text = format("memlimit {}{}, compression {}, ratio {}, bandwidth {}{}",
                            show_size(link.buffer.limit_bytes), mark("memlimit"), shown,
                            ratio ? format("{:.1f}", *ratio) : "unknown",
                            show_rate(link.bandwidth.bytes_s), mark("bandwidth"));
  if (!link.bandwidth.window.empty() && mark("bandwidth").empty())
    text += format(" ({})", link.bandwidth.window);
  if (!link.differs_from_file.empty())
    text += paint(Paint::warning, "   * until restart or reload");
  return line("settings", text);
}

// Only what is not zero: on a healthy link there is nothing to read here.
std::string trouble_line(const LinkStatus& link) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  const auto count = [&](std::uint64_t value, std::string_view words) {
    if (value > 0) add(format("{} {}", value, words));
  };
  count(link.reconnects, "reconnects");
  if (link.retransmitted_bytes > 0) add(bytes_text(link.retransmitted_bytes) + " retransmitted");
  count(link.errors.checksum_failures, "checksum failures");
  count(link.errors.protocol_errors, "breaches of the protocol by the peer");
  count(link.errors.memory_refusals, "frames without memory");
  count(link.errors.refused_peers, "refused peers");
  count(link.aborted_channels, "aborted channels");
  return text.empty() ? text : line("so far", text);
}

std::string copy_text(const GroupStatus& group) {
  const auto& inbound = group.inbound;
  if (!inbound.as_of) return "nothing received";
  std::string text;
  if (inbound.age_s) text = human_seconds(*inbound.age_s) + " old, ";
  text += "as of " + control::utc_text(*inbound.as_of);
  if (!inbound.proof) return text;
  const bool proven = *inbound.proof == Proof::source || *inbound.proof == Proof::freeze;
  return text + (proven ? format(" ({})", to_string(*inbound.proof))
                        : format(" (not proven: {})", inbound.proof_reason));
}

Table::Cell consistent_cell(Consistency consistent) {
  if (consistent == Consistency::yes) return {"yes", Paint::good};
  if (consistent == Consistency::unknown) return {"unknown", Paint::warning};
  return {"NO", Paint::bad};
}

std::string groups_table(const Status& status, const Painter& paint) {
  if (status.groups.empty()) return {};
  Table table({"GROUP", "LINK", "CONSISTENT", "LAG HERE TO PEER", "OUR COPY OF THE PEER'S"});
  for (const auto& [name, group] : status.groups) {
    table.row({{name, Paint::bold},
               {group.link},
               consistent_cell(group.consistent),
               {lag_text(group.lag)},
               {copy_text(group)}});
    if (group.consistent == Consistency::unknown) {
      table.note(paint(Paint::warning, "  !! not known to be consistent: " + group.reason));
    } else if (group.consistent == Consistency::no) {
      table.note(paint(Paint::bad, "  !! NOT CONSISTENT: " + group.reason));
    }
    if (const std::string& why = group.checkpoints.last_failure; !why.empty()) {
      table.note(paint(Paint::warning, "  !! checkpoint failed: " + why));
    } else if (!group.checkpoints.last_done.empty() && group.checkpoints.last_done_at) {
      table.note(format("     last checkpoint: {}, reached {}", group.checkpoints.last_done,
                        control::utc_text(*group.checkpoints.last_done_at)));
    }
    for (const Notice& notice : group.notices)
      table.note(paint(Paint::warning, "  !! " + notice_text(notice, name)));
  }
  return "\n" + table.text(paint);
}

std::string channel_note(const ChannelStatus& channel) {
  return format("  channel {} {}: {} <-> {}, in {}, out {}, lag {}", channel.id,
                to_string(channel.state), channel.local, channel.remote,
                bytes_text(channel.in_bytes), bytes_text(channel.out_bytes),
                bytes_text(channel.lag_bytes));
}

std::string drbd_note(const DrbdStatus& drbd) {
  if (!drbd.paired) return "  DRBD is not connected through this route";
  if (drbd.ahead) {
    return format("  {} DRBD is ahead: it does not mirror until the buffer has drained",
                  drbd.ahead == Side::here ? "The local" : "The peer's");
  }
  return format("  DRBD: {} barriers without an answer, the oldest for {}", drbd.barriers_open,
                drbd.lag_s ? human_seconds(*drbd.lag_s) : "an unknown time");
}

std::string routes_table(const Status& status, const Painter& paint) {
  if (status.routes.empty()) return {};
  constexpr std::size_t kChannelsShown = 8;  // of each route; --json has more
  Table table({"ROUTE", "GROUP", "STATE", "CHANNELS", "REASON"});
  for (const auto& [name, route] : status.routes) {
    table.row({{name, Paint::bold},
               {route.group},
               {std::string(to_string(route.state)),
                route.state == RouteState::open ? Paint::good : Paint::bad},
               {std::to_string(route.channels_open)},
               {route.reason}});
    if (route.waiting > 0)
      table.note(format("  connections that wait for the link: {}", route.waiting));
    for (const Warning& warning : route.warnings)
      table.note("  " + paint(Paint::warning, warning.name + ": " + warning.text));
    const std::size_t shown = std::min(kChannelsShown, route.channels.size());
    for (std::size_t i = 0; i < shown; ++i) table.note(channel_note(route.channels[i]));
    if (route.drbd) table.note(drbd_note(*route.drbd));
    if (route.channels_open > shown && shown > 0)
      table.note(format("  and {} more", route.channels_open - shown));
  }
  return "\n" + table.text(paint);
}

std::string verdict_line(const Status& status, const Painter& paint) {
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

std::string render_status(const Status& status, const Painter& paint) {
  std::string out = verdict_line(status, paint);
  out += format("{}  longthrowd {}, up {}, {}", paint(Paint::bold, status.node), status.version,
                human_seconds(status.uptime_s), status.io);
  if (!status.io_reason.empty()) out += " (no io_uring: " + status.io_reason + ")";
  if (status.stopping) out += "  " + paint(Paint::warning, "STOPPING");
  out += '\n';
  if (!status.restart_pending.empty())
    out += paint(Paint::warning, "restart pending") + ": " + status.restart_pending + '\n';
  if (const auto& [read_at, refused_at, refused] = status.configuration; refused_at) {
    out += paint(Paint::warning, "reload failed") +
           format(" at {}, the configuration of {} goes on: {}\n", control::utc_text(*refused_at),
                  control::utc_text(read_at), refused);
  }
  out += loss_line(status.losses, paint);
  if (status.links.empty()) out += "\nno links are configured\n";
  for (const auto& [name, link] : status.links) {
    out += '\n' + link_head(name, link, paint) + warning_lines(link, paint) +
           buffer_lines(link, paint) + rate_line(link) + settings_line(link, paint) +
           certificate_line(link) + trouble_line(link);
  }
  out += groups_table(status, paint);
  out += routes_table(status, paint);
  return out;
}

}  // namespace longthrow::cli
