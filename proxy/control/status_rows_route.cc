// SPDX-License-Identifier: Apache-2.0
// What the status says of a route and of its channels.
#include "proxy/control/status_rows.h"

namespace longthrow::control {
namespace {

// One sample for each state, so that alerts and graphs need no label arithmetic.
void collect_state(const RouteStatus& route, const EmitSample& emit) {
  for (const std::string_view state : kWords<RouteState>) {
    emit({{"state", std::string(state)}}, to_string(route.state) == state ? 1.0 : 0.0);
  }
}

struct RouteRows : RowsOf<RouteStatus> {
  static StatusRows<RouteStatus> all();
};

StatusRows<RouteStatus> RouteRows::all() {
  StatusRow<RouteStatus> drbd = row("drbd", LT_AT(drbd), "only of protocol drbd");
  drbd.left_out_if_null = true;
  return {
      row("group", LT_AT(group), "the group of the route"),
      row("link", LT_AT(link), "the link of the route"),
      row("listen", LT_AT(listen), "as configured; empty where the route has none here"),
      row("target", LT_AT(target), "as configured; empty where the route has none here"),
      row("state", LT_AT(state), "whether new connections are carried",
          {{.name = "longthrow_route_state",
            .help = "1 for the state that the route is in, else 0.",
            .labels = "group,route,state",
            .collect = collect_state}}),
      row("channels", LT_AT(channels_open), "channels open now",
          {gauge("longthrow_route_channels")}),
      row("waiting", LT_AT(waiting),
          "connections that came while the link was down, and wait for it (`when_down`)",
          {gauge("longthrow_route_waiting_connections",
                 "Connections that wait until the link is up.")}),
      row("reason", LT_AT(reason), "why the route is not open, or its last failure"),
      row("channels_total", LT_AT(channels_total), "channels since the node's start",
          {counter("longthrow_route_channels_opened_total")}),
      row("channel_list", LT_AT(channels), "the first 64 of the channels that are there"),
      std::move(drbd),
      row("warnings", LT_AT(warnings),
          "what is no failure and still not as it should be. `inner_tls`: the connections are "
          "encrypted inside (TLS or GSSAPI), so nothing compresses"),
  };
}

struct ChannelRows : RowsOf<ChannelStatus> {
  static StatusRows<ChannelStatus> all() {
    return {
        row("id", LT_AT(id), "the number of the channel in its session"),
        row("opened_here", LT_AT(opened_here), "the program that connected is on this side"),
        row("local", LT_AT(local), "the node's address of the local connection"),
        row("remote", LT_AT(remote), "the program's address of the local connection"),
        row("state", LT_AT(state), "how far the channel is"),
        row("in_bytes", LT_AT(in_bytes), "read from the local connection"),
        row("out_bytes", LT_AT(out_bytes), "written to the local connection"),
        row("lag_bytes", LT_AT(lag_bytes), "of `in_bytes`, what the peer lacks"),
        row("delivered_bytes", LT_AT(delivered_bytes),
            "of `in_bytes`, what the peer's target has acknowledged"),
    };
  }
};

}  // namespace

const StatusRows<RouteStatus>& rows_of(const RouteStatus*) {
  static const StatusRows<RouteStatus> rows = RouteRows::all();
  return rows;
}

const StatusRows<ChannelStatus>& rows_of(const ChannelStatus*) {
  static const StatusRows<ChannelStatus> rows = ChannelRows::all();
  return rows;
}

}  // namespace longthrow::control
