// SPDX-License-Identifier: Apache-2.0
#include "proxy/config/options.h"

#include <algorithm>
#include <array>

#include "proxy/base/log.h"
#include "proxy/config/units.h"

namespace longthrow {
namespace {

std::string quoted_list(std::span<const std::string_view> words) {
  std::string text;
  for (const std::string_view word : words) {
    text += format("{}\"{}\"", text.empty() ? "" : (word == words.back() ? " or " : ", "), word);
  }
  return text;
}

std::string range(const Option& option, std::string (*show)(std::int64_t)) {
  std::string text;
  if (option.min > 0) text += " from " + show(option.min);
  if (option.max > 0) text += " to " + show(option.max);
  return text;
}
std::string quoted_size(std::int64_t bytes) {
  return format("\"{}\"", show_size(static_cast<std::uint64_t>(bytes)));
}
std::string quoted_rate(std::int64_t bytes_s) {
  return format("\"{}\"", show_rate(static_cast<std::uint64_t>(bytes_s)));
}
std::string quoted_duration(std::int64_t ns) {
  return format("\"{}\"", show_duration(Duration(ns)));
}

std::string allowed_form(const Option& option) {
  switch (option.type) {
    case ValueType::name:
      return "a name of 1 to 64 letters, digits, '.', '_' or '-'";
    case ValueType::path:
      return format("a path of at most {} bytes", option.max);
    case ValueType::key_file:
      return format("a path of at most {} bytes, or \"credential:NAME\"", option.max);
    case ValueType::size:
      return format("a size{}, e.g. \"1GiB\" or \"512MB\"", range(option, quoted_size));
    case ValueType::rate:
      return format("a rate{}, e.g. \"100mbit\"", range(option, quoted_rate));
    case ValueType::duration:
      return format("a duration{} with its unit, e.g. \"500ms\", \"30s\", \"1h\"",
                    range(option, quoted_duration));
    case ValueType::count:
      return format("a whole number from {} to {}, without quotes", option.min, option.max);
    case ValueType::flag:
      return "true or false, without quotes";
    case ValueType::choice:
      return quoted_list(option.choices);
    case ValueType::token:
      return "the name of an algorithm, e.g. \"bbr\"";
    case ValueType::endpoint:
      return "a numeric address and a port, e.g. \"192.0.2.1:7700\" or \"[2001:db8::1]:7700\"";
    case ValueType::source:
      return "a numeric address, e.g. \"192.0.2.1\" or \"2001:db8::1\"";
    case ValueType::host_port:
      return "a name or address and a port, e.g. \"dr.example.org:7700\"";
    case ValueType::host_ports:
      return "a name or address and a port, e.g. \"dr.example.org:7700\", or a list of up to 64 of "
             "them";
    case ValueType::argv:
      return "a list of strings, a program's full path and its arguments, e.g. "
             "[\"/usr/bin/logger\", "
             "\"hello\"], or []";
    case ValueType::windows:
      return "a list of up to 64 strings, each with days, times and a rate, e.g. "
             "[\"mon-fri 08:00-18:00 20mbit\", \"daily 22:00-06:00 unlimited\"], or []";
    case ValueType::compression:
      return "\"none\", \"lz4\", \"zstd:LEVEL\" (-7 to 19) or \"auto\"";
    case ValueType::tls:
      return "a table { psk_file } or { cert, key, ca, peer_name }, or \"none\"";
    case ValueType::text:
      return "a string that is not empty";
  }
  return "";
}

}  // namespace

std::span<const Option> section_options(Section section) {
  switch (section) {
    case Section::node:
      return node_options();
    case Section::link:
      return link_options();
    case Section::route:
      return route_options();
    case Section::group:
      return group_options();
    case Section::drbd_proxy:
      return drbd_proxy_options();
  }
  return {};
}

std::vector<std::string> keys_of(Section section, std::string_view prefix) {
  std::vector<std::string> keys;
  for (const Option& option : section_options(section)) {
    const bool inside = option.key.starts_with(prefix);
    const std::string_view rest = inside ? option.key.substr(prefix.size()) : option.key;
    if (inside && rest.find('.') == std::string_view::npos) keys.emplace_back(rest);
  }
  return keys;
}

std::span<const Option> options() {
  static const std::vector<Option> all = [] {
    std::vector<Option> joined;
    for (const auto section :
         {Section::node, Section::link, Section::route, Section::group, Section::drbd_proxy}) {
      std::ranges::copy(section_options(section), std::back_inserter(joined));
    }
    return joined;
  }();
  return all;
}

const Option* find_option(Section section, std::string_view key) {
  const auto rows = section_options(section);
  const auto row = std::ranges::find(rows, key, &Option::key);
  return row == rows.end() ? nullptr : &*row;
}

std::string_view section_name(Section section) {
  static constexpr auto kNames =
      std::to_array<std::string_view>({"node", "link", "route", "group", "drbd-proxy"});
  return kNames[static_cast<std::size_t>(section)];
}

std::string section_header(Section section) {
  const bool single = section == Section::node || section == Section::drbd_proxy;
  return format("[{}{}]", section_name(section), single ? "" : ".NAME");
}

bool is_config_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

std::string allowed(const Option& option) {
  if (option.word.empty()) return allowed_form(option);
  return format("\"{}\", or {}", option.word, allowed_form(option));
}

std::string default_toml(const Option& option) {
  const std::string_view text = option.default_text;
  if (text.empty()) return "";
  if (option.type == ValueType::flag || text == "[]") return std::string(text);
  return format("\"{}\"", text);
}

void assign_defaults(Section section, Subject subject) {
  for (const Option& option : section_options(section)) {
    if (option.default_text.empty()) continue;
    Value value{.data = std::string(option.default_text)};
    if (option.type == ValueType::flag) value.data = option.default_text == "true";
    if (option.default_text == "[]") value.data = Value::List{};
    const auto result = option.assign(option, subject, value);
    LT_ASSERT(result.has_value());
  }
}

}  // namespace longthrow
