// SPDX-License-Identifier: Apache-2.0
#include "tools/drbd_proxy_ctl/show.h"

#include <map>

#include "proxy/base/log.h"
#include "tools/longthrow/human.h"
#include "tools/longthrow/json_fields.h"

namespace longthrow::proxy_ctl {
namespace {

using cli::amount_at;
using cli::array_at;
using cli::object_at;
using cli::text_at;

// drbdadm writes, and LINBIT's tools read, IPv6 without brackets.
std::string plain_address(const json::object& connection, std::string_view key) {
  std::string text = text_at(connection, key);
  std::erase_if(text, [](char c) { return c == '[' || c == ']'; });
  return text;
}

// One connection, and what the status says of its link and its route.
struct Row {
  std::string name;
  const json::object& connection;
  const LinkStatus& link;
  const RouteStatus& route;
  bool human;

  [[nodiscard]] std::string size(std::uint64_t bytes) const {
    return human ? cli::human_bytes(static_cast<double>(bytes)) : format("{}", bytes);
  }
  // In the words of DRBD Proxy 4.
  [[nodiscard]] std::string state() const {
    if (link.state != LinkState::up) return "Connecting";
    return route.drbd && route.drbd->paired ? "Connected" : "ProxyConnected";
  }
  [[nodiscard]] const std::string& reason() const {
    return link.reason.empty() ? route.reason : link.reason;
  }
};

std::string path_line(const Row& row) {
  std::string line =
      format("add connection {} {} {} {} {}", row.name, plain_address(row.connection, "inside"),
             plain_address(row.connection, "peer_outside"),
             plain_address(row.connection, "outside"), plain_address(row.connection, "drbd"));
  if (row.connection.contains("memlimit")) {
    line += format(" --memlimit={:.0f}", amount_at(row.connection, "memlimit"));
  }
  return line + "\n";
}

std::string connection_line(const Row& row) {
  const std::string& why = row.reason();
  return format("{:<28} {:<15} {:>12} {:>12} {:>9} {}\n", row.name, row.state(),
                row.size(row.link.buffer.used_bytes), row.size(row.link.buffer.limit_bytes),
                format("{:.1f} s", row.link.lag.seconds),
                why.empty() ? row.link.compression.codec : why);
}

// "-": nothing has been compressed yet.
std::string ratio_text(const LinkStatus& link) {
  const auto ratio = link.compression.ratio;
  return ratio ? format("{:.2f}", *ratio) : "-";
}

std::string stream_lines(const Row& row) {
  std::string lines;
  for (const ChannelStatus& stream : row.route.channels) {
    lines += format("{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n", row.name, stream.id,
                    row.state(), to_string(stream.state), stream.opened_here ? "in" : "out",
                    stream.local, stream.remote, row.link.peer, row.size(stream.in_bytes),
                    row.size(stream.out_bytes), row.size(stream.lag_bytes),
                    row.link.compression.codec, ratio_text(row.link));
  }
  return lines;
}

std::string memory_line(const Row& row) {
  return format("{:<28} {:>12} {:>12} {:>12}\n", row.name, row.size(row.link.buffer.used_bytes),
                row.size(row.link.buffer.limit_bytes), row.size(row.link.buffer.raw_bytes));
}

std::string statistics_line(const Row& row) {
  const LinkStatus& link = row.link;
  const auto drbd_lag_s = row.route.drbd ? row.route.drbd->lag_s : std::nullopt;
  return format(
      "name={} state={} link={} place={} used_bytes={} raw_bytes={} limit_bytes={} lag_bytes={} "
      "lag_seconds={:.3f} drbd_lag_seconds={:.3f} raw_in_bytes={} wire_out_bytes={} "
      "wire_in_bytes={} delivered_bytes={} ratio={} reconnects={}\n",
      row.name, row.state(), text_at(row.connection, "link"), text_at(row.connection, "place"),
      link.buffer.used_bytes, link.buffer.raw_bytes, link.buffer.limit_bytes, link.lag.bytes,
      link.lag.seconds, drbd_lag_s.value_or(0), link.raw_in_bytes, link.wire_out_bytes,
      link.wire_in_bytes, link.delivered_bytes, ratio_text(link), link.reconnects);
}

constexpr std::string_view kPlugins =
    "Plugin zstd: compresses with zstd; arguments: level 1..22 (3); above 19 is 19\n"
    "\n"
    "Plugin lz4: compresses with lz4, the fastest\n"
    "\n"
    "Plugin zlib: compresses; arguments: level 1..9 (2); carried out by zstd of that level\n"
    "\n"
    "Plugin lzma: compresses; arguments: level 1..9 (4); carried out by zstd of level 10 to 18\n"
    "\n"
    "Plugin noop: does not compress\n";

// Nothing is known of one that the status does not have.
template <typename Of>
const Of& status_of(const std::map<std::string, Of>& all, const std::string& name) {
  static const Of kUnknown;
  const auto found = all.find(name);
  return found == all.end() ? kUnknown : found->second;
}

struct Form {
  std::string heading;
  std::string (*line)(const Row&);
};

Form form_of(Listing what) {
  switch (what) {
    case Listing::connections:
      return {format("{:<28} {:<15} {:>12} {:>12} {:>9} {}\n", "Name", "Status", "Buffer",
                     "Memlimit", "Lag", "Codec, or why not"),
              connection_line};
    case Listing::subconnections:
      return {
          "#name\tid\tstatus\tstream\tdirection\tlocal\tremote\tpeer\tin\tout\tlag\tcodec\tratio\n",
          stream_lines};
    case Listing::memusage:
      return {format("{:<28} {:>12} {:>12} {:>12}\n", "Name", "Used", "Memlimit", "Raw"),
              memory_line};
    case Listing::statistics:
      return {"", statistics_line};
    case Listing::paths:
    case Listing::plugins:
      break;
  }
  return {"", path_line};
}

}  // namespace

std::string show_listing(const Show& show, const json::object& connections, const Status& status) {
  if (show.what == Listing::plugins) return std::string(kPlugins);
  const Form form = form_of(show.what);
  std::string text = form.heading;
  for (const auto& entry : connections) {
    if (!entry.value().is_object()) continue;
    const json::object& connection = entry.value().get_object();
    const Row row{.name = cli::printable(entry.key()),
                  .connection = connection,
                  .link = status_of(status.links, text_at(connection, "link")),
                  .route = status_of(status.routes, text_at(connection, "route")),
                  .human = show.human};
    text += form.line(row);
  }
  return text;
}

std::string show_proxy_settings(const json::object& connections, const std::string& name) {
  if (!connections.contains(name)) return "";
  const json::object& connection = object_at(connections, name);
  std::string text = "proxy {\n";
  if (connection.contains("memlimit")) {
    text += format("    memlimit {:.0f};\n", amount_at(connection, "memlimit"));
  }
  const json::array& plugins = array_at(connection, "plugins");
  if (!plugins.empty()) {
    text += "    plugin {\n";
    for (const json::value& plugin : plugins) {
      if (!plugin.is_string()) continue;
      text += format("        {};\n", cli::printable(plugin.get_string()));
    }
    text += "    }\n";
  }
  return text + "}\n";
}

}  // namespace longthrow::proxy_ctl
