// SPDX-License-Identifier: Apache-2.0
#include "tools/drbd_proxy_ctl/show.h"

#include <vector>

#include "proxy/base/log.h"
#include "tools/longthrow/human.h"
#include "tools/longthrow/json_fields.h"

namespace longthrow::proxy_ctl {
namespace {

using cli::amount_at;
using cli::array_at;
using cli::flag_at;
using cli::number_at;
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
  const json::object& link;
  const json::object& route;
  bool human;

  [[nodiscard]] std::string size(double bytes) const {
    return human ? cli::human_bytes(bytes) : format("{:.0f}", bytes);
  }
  // In the words of DRBD Proxy 4.
  [[nodiscard]] std::string state() const {
    if (text_at(link, "state") != "up") return "Connecting";
    return flag_at(object_at(route, "drbd"), "paired") ? "Connected" : "ProxyConnected";
  }
  [[nodiscard]] std::string reason() const {
    const std::string why = text_at(link, "reason");
    return why.empty() ? text_at(route, "reason") : why;
  }
  [[nodiscard]] const json::object& buffer() const { return object_at(link, "buffer"); }
  [[nodiscard]] const json::object& totals() const { return object_at(link, "totals"); }
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
  const std::string why = row.reason();
  return format("{:<28} {:<15} {:>12} {:>12} {:>9} {}\n", row.name, row.state(),
                row.size(amount_at(row.buffer(), "used_bytes")),
                row.size(amount_at(row.buffer(), "limit_bytes")),
                format("{:.1f} s", amount_at(object_at(row.link, "lag"), "seconds")),
                why.empty() ? text_at(object_at(row.link, "compression"), "codec") : why);
}

// "-": nothing has been compressed yet.
std::string ratio_text(const json::object& link) {
  const auto ratio = number_at(object_at(link, "compression"), "ratio");
  return ratio ? format("{:.2f}", *ratio) : "-";
}

std::string stream_lines(const Row& row) {
  std::string lines;
  const json::object& compression = object_at(row.link, "compression");
  for (const json::value& value : array_at(row.route, "channel_list")) {
    if (!value.is_object()) continue;
    const json::object& stream = value.get_object();
    lines +=
        format("{}\t{:.0f}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n", row.name,
               amount_at(stream, "id"), row.state(), text_at(stream, "state"),
               flag_at(stream, "opened_here") ? "in" : "out", text_at(stream, "local"),
               text_at(stream, "remote"), text_at(row.link, "peer"),
               row.size(amount_at(stream, "in_bytes")), row.size(amount_at(stream, "out_bytes")),
               row.size(amount_at(stream, "lag_bytes")), text_at(compression, "codec"),
               ratio_text(row.link));
  }
  return lines;
}

std::string memory_line(const Row& row) {
  return format("{:<28} {:>12} {:>12} {:>12}\n", row.name,
                row.size(amount_at(row.buffer(), "used_bytes")),
                row.size(amount_at(row.buffer(), "limit_bytes")),
                row.size(amount_at(row.buffer(), "raw_bytes")));
}

std::string statistics_line(const Row& row) {
  const json::object& lag = object_at(row.link, "lag");
  return format(
      "name={} state={} link={} place={} used_bytes={:.0f} raw_bytes={:.0f} limit_bytes={:.0f} "
      "lag_bytes={:.0f} lag_seconds={:.3f} drbd_lag_seconds={:.3f} raw_in_bytes={:.0f} "
      "wire_out_bytes={:.0f} wire_in_bytes={:.0f} delivered_bytes={:.0f} ratio={} "
      "reconnects={:.0f}\n",
      row.name, row.state(), text_at(row.connection, "link"), text_at(row.connection, "place"),
      amount_at(row.buffer(), "used_bytes"), amount_at(row.buffer(), "raw_bytes"),
      amount_at(row.buffer(), "limit_bytes"), amount_at(lag, "bytes"), amount_at(lag, "seconds"),
      amount_at(object_at(row.route, "drbd"), "lag_s"), amount_at(row.totals(), "raw_in_bytes"),
      amount_at(row.totals(), "wire_out_bytes"), amount_at(row.totals(), "wire_in_bytes"),
      amount_at(row.totals(), "delivered_bytes"), ratio_text(row.link),
      amount_at(row.link, "reconnects"));
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

std::string show_listing(const Show& show, const json::object& connections,
                         const json::object& status) {
  if (show.what == Listing::plugins) return std::string(kPlugins);
  const Form form = form_of(show.what);
  std::string text = form.heading;
  for (const auto& entry : connections) {
    if (!entry.value().is_object()) continue;
    const json::object& connection = entry.value().get_object();
    const Row row{.name = cli::printable(entry.key()),
                  .connection = connection,
                  .link = object_at(object_at(status, "links"), text_at(connection, "link")),
                  .route = object_at(object_at(status, "routes"), text_at(connection, "route")),
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
