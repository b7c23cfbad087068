// SPDX-License-Identifier: Apache-2.0
// What the status says of the node, of losses, and of what links and groups have in common.
#include <map>
#include <tuple>

#include "proxy/control/status_rows.h"

namespace longthrow::control {

// Losses have more readers than the status, and words of their own.
template <>
struct StatusValue<LossReason> {
  static json::value write(LossReason reason) { return json::value(to_string(reason)); }
  static bool read(const json::value& in, LossReason& reason) {
    const auto known = in.is_string() ? parse_loss_reason(in.get_string()) : std::nullopt;
    reason = known.value_or(reason);
    return known.has_value();
  }
  static std::string type() { return "text"; }
};
template <>
struct StatusValue<LossPlace> {
  static json::value write(LossPlace place) { return json::value(to_string(place)); }
  static bool read(const json::value& in, LossPlace& place) {
    if (in != write(LossPlace::undelivered) && in != write(LossPlace::to_peer)) return false;
    place = in == write(LossPlace::to_peer) ? LossPlace::to_peer : LossPlace::undelivered;
    return true;
  }
  static std::string type() { return "`to_peer`, `undelivered`"; }
};
template <>
struct StatusValue<LossWeight> {
  static json::value write(LossWeight weight) { return json::value(to_string(weight)); }
  static bool read(const json::value& in, LossWeight& weight) {
    if (in != write(LossWeight::minor) && in != write(LossWeight::full)) return false;
    weight = in == write(LossWeight::full) ? LossWeight::full : LossWeight::minor;
    return true;
  }
  static std::string type() { return "`full`, `minor`"; }
};

namespace {

void collect_build(const Status& status, const EmitSample& emit) {
  emit({{"node", status.node}, {"version", status.version}, {"io", status.io}}, 1.0);
}

// A counter that is only there from the first loss on shows no increase() by it. So each group has
// all reasons from the start, and the node as a whole the one that it can be lost for.
std::map<std::tuple<std::string, std::string, LossReason>, LossCount> all_counts(
    const Status& status) {
  std::map<std::tuple<std::string, std::string, LossReason>, LossCount> counts;
  counts[{"", "", LossReason::node_killed}] = {};
  for (const auto& [name, group] : status.groups) {
    for (std::size_t reason = 0; reason < kLossReasons; ++reason)
      counts[{group.link, name, static_cast<LossReason>(reason)}] = {};
  }
  for (const LossCount& count : status.losses.counts)
    counts[{count.link, count.group, count.reason}] = count;
  return counts;
}

// `get(count)` gives a number.
template <typename Get>
auto of_losses(Get get) {
  return [get](const Status& status, const EmitSample& emit) {
    for (const auto& [key, count] : all_counts(status)) {
      const auto& [link, group, reason] = key;
      emit({{"link", link}, {"group", group}, {"reason", std::string(to_string(reason))}},
           static_cast<double>(get(count)));
    }
  };
}

void emit_notices(const prometheus::Labels& of, const std::vector<Notice>& notices,
                  const EmitSample& emit) {
  for (const Notice& notice : notices) {
    prometheus::Labels labels = of;
    labels["what"] = to_string(notice.what);
    labels["where"] = to_string(notice.where);
    emit(labels, *StatusValue<WallTime>::number(notice.since));
  }
}

void collect_notices(const Status& status, const EmitSample& emit) {
  for (const auto& [name, link] : status.links)
    emit_notices({{"link", name}, {"group", ""}}, link.notices, emit);
  for (const auto& [name, group] : status.groups)
    emit_notices({{"link", group.link}, {"group", name}}, group.notices, emit);
}

struct NodeRows : RowsOf<Status> {
  static StatusRows<Status> all();
};

StatusRows<Status> NodeRows::all() {
  constexpr auto kCounter = prometheus::MetricType::Counter;
  return {
      row("node", LT_AT(node), "the name of the node",
          {{.name = "longthrow_build_info",
            .help = "The node, its version and its I/O backend; always 1.",
            .labels = "node,version,io",
            .collect = collect_build}}),
      row("version", LT_AT(version), "the version of the program"),
      row("uptime_s", LT_AT(uptime_s), "time since the node's start",
          {gauge("longthrow_uptime_seconds")}),
      row("io", LT_AT(io), "`io_uring` or `epoll`"),
      row("io_reason", LT_AT(io_reason), "why it is not io_uring; empty if it is"),
      row("restart_pending", LT_AT(restart_pending),
          "why a restart is due: the program on the disk is another than the one that runs, as "
          "after an upgrade of the package; empty if it is not",
          {gauge("longthrow_restart_pending",
                 "1 while the program on the disk is another than the one that runs.",
                 [](const Status& status) { return !status.restart_pending.empty(); })}),
      row("stopping", LT_AT(stopping), "the node drains before it ends",
          {gauge("longthrow_stopping", "1 while the node is draining before it ends.")}),
      row("configuration.read_at", LT_AT(configuration.read_at),
          "when the configuration that runs was read: at the start, or by the last reload that "
          "succeeded",
          {gauge("longthrow_config_last_reload_success_timestamp_seconds",
                 "When the configuration that runs was read, at the start or by a reload.")}),
      row("configuration.refused_at", LT_AT(configuration.refused_at),
          "when the last reload failed, so that an older configuration runs; null: it did not"),
      row("configuration.refused", LT_AT(configuration.refused), "why; empty: it did not",
          {gauge("longthrow_config_last_reload_successful",
                 "0 after a reload that failed, until one succeeds: an older configuration runs.",
                 [](const Status& status) { return !status.configuration.refused_at; })}),
      row("losses", LT_AT(losses), "the ledger of [losses](#losses) in short",
          {{.name = "longthrow_losses_total",
            .help = "Entries of full weight that the ledger of losses got, see `longthrow losses`.",
            .type = kCounter,
            .labels = "link,group,reason",
            .collect = of_losses([](const LossCount& count) { return count.losses; })},
           {.name = "longthrow_lost_bytes_total",
            .help = "Bytes accepted or received and not known to be delivered when their "
                    "connection ended.",
            .type = kCounter,
            .labels = "link,group,reason",
            .collect = of_losses([](const LossCount& count) { return count.bytes; })}}),
      row("links", LT_AT(links), "each link by its name",
          {{.name = "longthrow_stopped_since_timestamp_seconds",
            .help = "Since when an administrator has held, paused or fenced it, here or at the "
                    "peer; absent if not.",
            .labels = "link,group,what,where",
            .collect = collect_notices}}),
      row("groups", LT_AT(groups), "each group by its name"),
      row("routes", LT_AT(routes), "each route by its name"),
  };
}

struct LossSummaryRows : RowsOf<LossSummary> {
  static StatusRows<LossSummary> all() {
    return {
        row("since", LT_AT(since), "the ledger's beginning"),
        row("losses", LT_AT(losses), "losses of full weight since then"),
        row("bytes", LT_AT(bytes), "their bytes, as far as they are known"),
        row("last", LT_AT(last), "the last of them; null: there was none"),
        row("not_kept", LT_AT(not_kept), "why the ledger is not on the disk; empty if it is"),
    };
  }
};

struct LossRows : RowsOf<Loss> {
  static StatusRows<Loss> all();
};

StatusRows<Loss> LossRows::all() {
  StatusRow<Loss> oldest =
      row("oldest_s", LT_AT(oldest_s),
          "how old the oldest of them was, to a tick of 250 ms; null: not known");
  oldest.write = [](const Loss& loss) -> json::value {
    if (!loss.oldest_s || !std::isfinite(*loss.oldest_s)) return nullptr;
    return std::round(*loss.oldest_s * 1000) / 1000;  // to a millisecond, as the file has it
  };
  return {
      row("number", LT_AT(number), "its number in the ledger, from 1"),
      row("at", LT_AT(at), "when the bytes were lost"),
      row("link", LT_AT(link), "empty of a loss of the whole node"),
      row("group", LT_AT(group), "empty of a loss of the whole node"),
      row("route", LT_AT(route), "empty of a loss of the whole node"),
      row("place", LT_AT(place), "see [Losses](#losses)"),
      row("reason", LT_AT(reason), "see [Losses](#losses)"),
      row("weight", LT_AT(weight), "see [Losses](#losses)"),
      row("channels", LT_AT(channels), "how many connections lost bytes"),
      row("bytes", LT_AT(bytes), "how many bytes; null: not known"),
      row("perhaps_delivered_bytes", LT_AT(perhaps_delivered_bytes),
          "of `bytes`, those that were sent and never answered"),
      std::move(oldest),
      row("text", LT_AT(text), "the cause, for people"),
  };
}

struct NoticeRows : RowsOf<Notice> {
  static StatusRows<Notice> all() {
    return {
        row("what", LT_AT(what), "what was done"),
        row("where", LT_AT(where), "on which node"),
        row("since", LT_AT(since), "at the peer: as the peer says, else when it was heard"),
        row("by", LT_AT(by), "the command; of a link that was stopped at the peer, its text"),
    };
  }
};

struct WarningRows : RowsOf<Warning> {
  static StatusRows<Warning> all() {
    return {row("name", LT_AT(name), "for programs"), row("text", LT_AT(text), "for people")};
  }
};

}  // namespace

const StatusRows<Status>& rows_of(const Status*) {
  static const StatusRows<Status> rows = NodeRows::all();
  return rows;
}
const StatusRows<LossSummary>& rows_of(const LossSummary*) {
  static const StatusRows<LossSummary> rows = LossSummaryRows::all();
  return rows;
}
const StatusRows<Loss>& rows_of(const Loss*) {
  static const StatusRows<Loss> rows = LossRows::all();
  return rows;
}
const StatusRows<Notice>& rows_of(const Notice*) {
  static const StatusRows<Notice> rows = NoticeRows::all();
  return rows;
}
const StatusRows<Warning>& rows_of(const Warning*) {
  static const StatusRows<Warning> rows = WarningRows::all();
  return rows;
}

}  // namespace longthrow::control
