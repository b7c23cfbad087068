// SPDX-License-Identifier: Apache-2.0
// Every option once. The parser, its error messages, the annotated configuration file, the manual
// page, the help and the reload difference are all derived from this table.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "longthrow/config.h"
#include "proxy/config/value.h"

namespace longthrow {

// The tables of the file: [node], [link.NAME], [route.NAME], [group.NAME], [drbd-proxy].
enum class Section : std::uint8_t { node, link, route, group, drbd_proxy };

// What a value looks like. Each has one reader in fields.cc and one sentence in `allowed`.
enum class ValueType : std::uint8_t {
  name,
  path,
  key_file,  // a path, or "credential:NAME"
  size,
  rate,
  duration,
  count,
  flag,
  choice,
  token,       // a short word that the kernel knows
  endpoint,    // numeric address and port
  source,      // numeric address
  host_port,   // name or address, and port
  host_ports,  // one of them, or a list
  argv,        // a program and its arguments
  windows,     // of a bandwidth_schedule
  compression,
  tls,  // "none" or a table
  text,
};

// What a reload does with a changed value.
enum class Apply : std::uint8_t {
  live,             // at once
  new_connections,  // live: for lanes or channels opened from now on; those in use keep the old
                    // value
  recreate,         // not live: by removing the table, reload, adding it again, reload
  restart,          // not live: needs a restart of longthrowd
};

// A struct that an option is a field of.
using Subject =
    std::variant<NodeConfig*, LinkConfig*, RouteConfig*, GroupConfig*, DrbdProxyConfig*>;
using ConstSubject = std::variant<const NodeConfig*, const LinkConfig*, const RouteConfig*,
                                  const GroupConfig*, const DrbdProxyConfig*>;
struct Option;
using Assign = Result<void> (*)(const Option& option, Subject subject, const Value& value);
using Show = std::string (*)(const Option& option, ConstSubject subject);

struct Option {
  Section section = Section::node;
  std::string_view key;  // "memlimit"; a key of the tls table is "tls.psk_file"
  ValueType type = ValueType::text;
  std::int64_t min = 0;                       // bytes, bytes/s, ns or a count, by type
  std::int64_t max = 0;                       // 0: no limit
  std::string_view word;                      // one word allowed beside the type: "auto"
  std::span<const std::string_view> choices;  // of a choice
  std::string_view default_text;              // as the admin would write it, unquoted; "": none
  std::string_view default_note;              // the default in words, where it isn't one value
  std::string_view example;  // TOML, for the annotated file, where it shows no default
  Apply apply = Apply::live;
  bool essential = false;   // stands in the smallest useful file
  bool settable = false;    // by `longthrow set`, and in [set.link.NAME]
  std::string_view doc;     // one paragraph, plain text
  Assign assign = nullptr;  // null where there is no field: the tls table
  Show show = nullptr;
};

// All options: those of a section are together and in the order in which they are best read.
[[nodiscard]] std::span<const Option> options();
[[nodiscard]] std::span<const Option> node_options();
[[nodiscard]] std::span<const Option> link_options();
[[nodiscard]] std::span<const Option> route_options();
[[nodiscard]] std::span<const Option> group_options();
[[nodiscard]] std::span<const Option> drbd_proxy_options();
[[nodiscard]] std::span<const Option> section_options(Section section);
[[nodiscard]] const Option* find_option(Section section, std::string_view key);

// The keys of a section that begin with `prefix`, without it: "" or "tls.".
[[nodiscard]] std::vector<std::string> keys_of(Section section, std::string_view prefix);

// "link", and its table as the reader of a manual knows it: "[link.NAME]".
[[nodiscard]] std::string_view section_name(Section section);
[[nodiscard]] std::string section_header(Section section);

// Names of nodes, links, routes and groups: 1 to 64 of [A-Za-z0-9._-].
[[nodiscard]] bool is_config_name(std::string_view text);
// What values are allowed, as a clause: `a size from "16MiB", e.g. "1GiB"`.
[[nodiscard]] std::string allowed(const Option& option);
// The default as TOML ("\"1GiB\"", "false", "[]"), "" if there is none.
[[nodiscard]] std::string default_toml(const Option& option);
// Sets every option of `section` that has a default.
void assign_defaults(Section section, Subject subject);

}  // namespace longthrow
