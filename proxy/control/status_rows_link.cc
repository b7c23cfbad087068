// SPDX-License-Identifier: Apache-2.0
// What the status says of a link.
#include <algorithm>

#include "proxy/control/status_rows.h"

namespace longthrow::control {
namespace {

bool is_paused(const LinkStatus& link) {
  return link.paused_since.has_value() ||
         std::ranges::any_of(
             link.notices, [](const Notice& notice) { return notice.what == NoticeKind::paused; });
}

// One sample for each cause, so that alerts and graphs need no label arithmetic.
void collect_limited_by(const LinkStatus& link, const EmitSample& emit) {
  for (const std::string_view cause : kWords<Limit>) {
    emit({{"cause", std::string(cause)}}, to_string(link.limited_by) == cause ? 1.0 : 0.0);
  }
}

void collect_certificate_ends(const LinkStatus& link, const EmitSample& emit) {
  const auto add = [&emit](Side where, const std::optional<WallTime>& ends) {
    if (const Sample at = StatusValue<std::optional<WallTime>>::number(ends))
      emit({{"where", std::string(to_string(where))}}, *at);
  };
  add(Side::here, link.certificate_ends.here);
  add(Side::peer, link.certificate_ends.peer);
}

void collect_compression(const LinkStatus& link, const EmitSample& emit) {
  emit({{"setting", link.compression.setting}, {"codec", link.compression.codec}}, 1.0);
}

struct LinkRows : RowsOf<LinkStatus> {
  static StatusRows<LinkStatus> session();
  static StatusRows<LinkStatus> buffer();
  static StatusRows<LinkStatus> traffic();
};

StatusRows<LinkStatus> LinkRows::session() {
  return {
      row("state", LT_AT(state), "whether the link has a session with its peer",
          {gauge("longthrow_link_up", "1 while the link has a session with its peer.",
                 [](const LinkStatus& link) { return link.state == LinkState::up; })}),
      row("state_since", LT_AT(state_since), "since when the link has been in this state"),
      row("reason", LT_AT(reason), "why the link is not up; empty when it is"),
      row("peer", LT_AT(peer), "the name of the peer's node, once it is known"),
      row("rtt_ms", LT_AT(rtt_ms),
          "round-trip time to the peer; null while the link is not up, or not yet measured",
          {gauge("longthrow_link_rtt_seconds", "Round-trip time to the peer; absent while not up.",
                 [](const LinkStatus& link) {
                   return link.state == LinkState::up && link.rtt_ms ? Sample(*link.rtt_ms / 1000.0)
                                                                     : Sample();
                 })}),
      count("lanes", LT_AT(lanes), "how many connections the link has, the express lane included",
            {gauge("longthrow_link_lanes", "Connections of the link, the express lane included.")}),
      row("lane_list", LT_AT(lanes), "the connections of the link, the express lane first"),
      row("paused_since", LT_AT(paused_since),
          "since when an administrator has paused the link here; null if nobody has",
          {gauge("longthrow_link_paused",
                 "1 while an administrator has paused the link, at either end.", is_paused)}),
      row("fenced", LT_AT(fenced), "a takeover was done; no session until `release`",
          {gauge("longthrow_link_fenced", "1 after a takeover, until release.")}),
      row("notices", LT_AT(notices),
          "what an administrator has held, paused or fenced, here and at the peer"),
      row("certificate_ends.here", LT_AT(certificate_ends.here),
          "when this node's certificate expires, or an intermediate one in its file; null: the "
          "link "
          "has none",
          {{.name = "longthrow_link_certificate_expiry_timestamp_seconds",
            .help = "When the certificate of this node (here), or the one that the peer has shown "
                    "last (peer), expires, or one above it; absent: none.",
            .labels = "link,where",
            .collect = collect_certificate_ends}}),
      row("certificate_ends.peer", LT_AT(certificate_ends.peer),
          "the same of the certificate that the peer has shown when it last connected, and of the "
          "authorities that it was verified with; null: it has shown none"),
  };
}

StatusRows<LinkStatus> LinkRows::buffer() {
  return {
      row("buffer.used_bytes", LT_AT(buffer.used_bytes), "memory that the send buffer uses",
          {gauge("longthrow_buffer_used_bytes")}),
      row("buffer.raw_bytes", LT_AT(buffer.raw_bytes), "what the send buffer holds, uncompressed",
          {gauge("longthrow_buffer_raw_bytes")}),
      row("buffer.limit_bytes", LT_AT(buffer.limit_bytes), "the memlimit",
          {gauge("longthrow_buffer_limit_bytes", "The link's memlimit.")}),
      row("buffer.send_limit_bytes", LT_AT(buffer.send_limit_bytes),
          "the part of the memlimit that the send buffer may use",
          {gauge("longthrow_buffer_send_limit_bytes")}),
      row("buffer.receive_used_bytes", LT_AT(buffer.receive_used_bytes),
          "memory that the receive side uses", {gauge("longthrow_receive_buffer_used_bytes")}),
      row("buffer.receive_limit_bytes", LT_AT(buffer.receive_limit_bytes),
          "the part of the memlimit that the receive side may use",
          {gauge("longthrow_receive_buffer_limit_bytes")}),
      row("buffer.full", LT_AT(buffer.full),
          "the send share of the memlimit is spent, and the source is slowed",
          {gauge("longthrow_buffer_full",
                 "1 while the send share is spent and the source is slowed.")}),
      row("buffer.full_s", LT_AT(buffer.full_s),
          "for how long it was spent, in sum since the node's start",
          {counter("longthrow_buffer_full_seconds_total",
                   "For how long the send share was spent and the source was slowed.")}),
      row("buffer.locked", LT_AT(buffer.locked), "the kernel cannot swap the buffer",
          {gauge("longthrow_buffer_locked", "1 if the kernel cannot swap the buffer.")}),
      row("lag.bytes", LT_AT(lag.bytes),
          "the bytes that the peer could not use if this site were lost now; bytes lost with a "
          "session or a connection count until a newer connection of the route has caught up",
          {gauge("longthrow_link_lag_bytes",
                 "As longthrow_lag_bytes, over all groups of the link.")}),
      row("lag.seconds", LT_AT(lag.seconds), "the age of the oldest of these bytes",
          {gauge("longthrow_link_lag_seconds",
                 "As longthrow_lag_seconds, the oldest of all groups.")}),
      row("undelivered_bytes", LT_AT(undelivered_bytes),
          "bytes received from the peer and not yet taken by the local target",
          {gauge("longthrow_link_undelivered_bytes")}),
      row("limited_by", LT_AT(limited_by), "what limits the link's throughput now",
          {{.name = "longthrow_link_limited_by",
            .help = "1 for what limits the link's throughput now, else 0.",
            .labels = "link,cause",
            .collect = collect_limited_by}}),
      row("drain_eta_s", LT_AT(drain_eta_s),
          "when the buffer is empty at the present rates; null if never, or if it cannot be known "
          "(the link is down, or it lies more than a week ahead)",
          {gauge("longthrow_link_drain_eta_seconds",
                 "When the buffer will be empty; absent if it is not draining.")}),
      row("full_eta_s", LT_AT(full_eta_s),
          "when the buffer is full at the present rates; null as for `drain_eta_s`",
          {gauge("longthrow_link_full_eta_seconds",
                 "When the buffer will be full; absent if it is not filling.")}),
  };
}

StatusRows<LinkStatus> LinkRows::traffic() {
  return {
      row("rate.in_bytes_s", LT_AT(rate.in_bytes_s), "read from local legs"),
      row("rate.out_bytes_s", LT_AT(rate.out_bytes_s), "written to lanes, before TLS"),
      row("compression.setting", LT_AT(compression.setting), "the setting: `auto`, `zstd:3`",
          {{.name = "longthrow_compression_info",
            .help = "The compression setting and the codec in use; always 1.",
            .labels = "link,setting,codec",
            .collect = collect_compression}}),
      row("compression.codec", LT_AT(compression.codec), "the codec in use"),
      row("compression.ratio", LT_AT(compression.ratio), "raw over compressed bytes, recent",
          {gauge("longthrow_compression_ratio")}),
      row("bandwidth_bytes_s", LT_AT(bandwidth.bytes_s), "the bandwidth in force now; 0: unlimited",
          {gauge("longthrow_link_bandwidth_limit_bytes_per_second",
                 "The bandwidth in force now; absent: unlimited.",
                 [](const LinkStatus& link) {
                   return link.bandwidth.bytes_s > 0
                              ? Sample(static_cast<double>(link.bandwidth.bytes_s))
                              : Sample();
                 })}),
      row("bandwidth_window", LT_AT(bandwidth.window),
          "the window of `bandwidth_schedule` that counts now; empty: none"),
      row("bandwidth_changes_at", LT_AT(bandwidth.changes_at),
          "when the schedule changes the bandwidth; null: never"),
      row("reconnects", LT_AT(reconnects),
          "how often the link came up again within a session; this and what follows counts since "
          "the node's start",
          {counter("longthrow_link_reconnects_total",
                   "How often the link came up again within a session.")}),
      row("retransmitted_bytes", LT_AT(retransmitted_bytes), "frame bytes sent again",
          {counter("longthrow_link_retransmitted_bytes_total")}),
      row("totals.sessions", LT_AT(sessions), "sessions begun with the peer",
          {counter("longthrow_link_sessions_total")}),
      row("totals.raw_in_bytes", LT_AT(raw_in_bytes), "raw bytes read from local legs",
          {counter("longthrow_link_read_bytes_total")}),
      row("totals.wire_out_bytes", LT_AT(wire_out_bytes), "bytes sent on lanes, TLS included",
          {counter("longthrow_link_wan_sent_bytes_total")}),
      row("totals.wire_in_bytes", LT_AT(wire_in_bytes), "bytes received on lanes, TLS included",
          {counter("longthrow_link_wan_received_bytes_total")}),
      row("totals.delivered_bytes", LT_AT(delivered_bytes),
          "raw bytes from the peer that targets here have acknowledged",
          {counter("longthrow_link_delivered_bytes_total")}),
      row("totals.peer_delivered_bytes", LT_AT(peer_delivered_bytes),
          "raw bytes read from local legs that the peer's targets have acknowledged, as the peer "
          "says",
          {counter("longthrow_link_peer_delivered_bytes_total")}),
      row("totals.checksum_failures", LT_AT(errors.checksum_failures),
          "frames whose checksum was wrong; the peer sent each again",
          {counter("longthrow_link_checksum_failures_total",
                   "Frames whose checksum was wrong; each was replayed.")}),
      row("totals.protocol_errors", LT_AT(errors.protocol_errors),
          "breaches of the protocol by the peer, or by somebody who came as it; each ended a lane",
          {counter("longthrow_link_protocol_errors_total",
                   "Breaches of the protocol by the peer.")}),
      row("totals.memory_refusals", LT_AT(errors.memory_refusals),
          "frames that came and found no memory; the peer sent each again",
          {counter("longthrow_link_memory_refusals_total",
                   "Frames that came and found no memory; each was replayed.")}),
      row("totals.refused_peers", LT_AT(errors.refused_peers),
          "connections refused on the WAN side", {counter("longthrow_link_refused_peers_total")}),
      row("totals.aborted_channels", LT_AT(aborted_channels), "channels that ended by abort",
          {counter("longthrow_link_aborted_channels_total")}),
      row("totals.abort_lost_bytes", LT_AT(abort_lost_bytes),
          "bytes received from the peer that local targets did not take before their connections "
          "ended",
          {counter("longthrow_link_abort_lost_bytes_total")}),
      row("differs_from_file", LT_AT(differs_from_file),
          "settings that `set` changed and the file does not have",
          {gauge("longthrow_link_settings_differing",
                 "Live settings that differ from the configuration file.",
                 [](const LinkStatus& link) {
                   return std::uint64_t{link.differs_from_file.size()};
                 })}),
      row("warnings", LT_AT(warnings),
          "what is no failure and still not as it should be. `nothing_passes`: the link is up, "
          "bytes have been under way for 15 s and more, and none arrives: small packets pass and "
          "full ones do not, as in an MTU hole. `certificate_ends`, `certificate_ended`: a "
          "certificate expires within 14 days, or has expired"),
  };
}

}  // namespace

const StatusRows<LinkStatus>& rows_of(const LinkStatus*) {
  static const StatusRows<LinkStatus> rows = [] {
    StatusRows<LinkStatus> all = LinkRows::session();
    std::ranges::move(LinkRows::buffer(), std::back_inserter(all));
    std::ranges::move(LinkRows::traffic(), std::back_inserter(all));
    return all;
  }();
  return rows;
}

}  // namespace longthrow::control
