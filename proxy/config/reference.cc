// SPDX-License-Identifier: Apache-2.0
#include "proxy/config/reference.h"

#include <array>
#include <vector>

#include "proxy/base/log.h"
#include "proxy/config/options.h"

namespace longthrow {
namespace {

constexpr auto kSections = std::to_array<Section>(
    {Section::node, Section::link, Section::route, Section::group, Section::drbd_proxy});
constexpr std::size_t kWidth = 96;

std::string_view section_doc(Section section) {
  switch (section) {
    case Section::node:
      return "This daemon. The whole table may be absent.";
    case Section::link:
      return "The relation to one peer, another longthrowd. NAME is local to this node. At least "
             "one link "
             "is needed, or tls in [drbd-proxy].";
    case Section::route:
      return "A path for TCP connections over a link. NAME, protocol and group are the same on "
             "both nodes; "
             "a route that the peer does not know stays closed.";
    case Section::group:
      return "What routes with group = \"NAME\" have in common; a route without group is in a "
             "group of its "
             "own name. The table may be absent.";
    case Section::drbd_proxy:
      return "What drbd-proxy-ctl may create: the drop-in for the program of DRBD Proxy by which "
             "drbdadm, LINSTOR and Anvil! add connections. The table may be absent; tls or link is "
             "then missing, and a connection is refused.";
  }
  return "";
}

std::string_view apply_doc(Apply apply) {
  switch (apply) {
    case Apply::live:
      return "live";
    case Apply::new_connections:
      return "live, for connections opened afterwards";
    case Apply::recreate:
      return "not applied; remove the route, reload, add it again, reload";
    case Apply::restart:
      return "not applied; needs a restart";
  }
  return "";
}

std::string default_doc(const Option& option) {
  const std::string toml = default_toml(option);
  return toml.empty() ? std::string(option.default_note) : toml;
}

std::vector<std::string> wrap(std::string_view text, std::size_t width) {
  std::vector<std::string> lines(1);
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (!lines.back().empty() && lines.back().size() + 1 + word.size() > width)
      lines.emplace_back();
    lines.back().append(lines.back().empty() ? "" : " ").append(word);
  }
  return lines;
}

std::string indented(std::string_view text, const std::string& prefix) {
  std::string result;
  for (const std::string& line : wrap(text, kWidth - prefix.size())) result += prefix + line + "\n";
  return result;
}

std::string facts(const Option& option, const std::string& prefix) {
  return indented(format("Allowed: {}.", allowed(option)), prefix) +
         indented(format("Default: {}. Reload: {}.{}", default_doc(option), apply_doc(option.apply),
                         option.settable ? " Also by longthrow set, at any time." : ""),
                  prefix);
}

std::string_view example_header(Section section) {
  switch (section) {
    case Section::link:
      return "[link.dr]";
    case Section::route:
      return "[route.r0]";
    case Section::group:
      return "[group.r0]";
    case Section::drbd_proxy:
      return "[drbd-proxy]";
    default:
      return "[node]";
  }
}

// The line of the annotated file: an essential key is in force, all others are shown.
std::string example_line(const Option& option) {
  if (option.essential) return std::string(option.example) + "\n";
  const std::string toml = default_toml(option);
  if (toml.empty()) return format("# {}\n", option.example);
  return format("# {} = {}\n", option.key, toml);
}

constexpr std::string_view kHeader =
    R"(# SPDX-License-Identifier: Apache-2.0
# The configuration of longthrowd: every key, what it means, and its default.
#
# It is read from /etc/longthrow/longthrow.toml and then from /etc/longthrow/conf.d/*.toml in the
# order of their names; together they are one configuration, and a table stands in one file only.
# Check it with `longthrowd --config FILE --check`. The peer has a file of the same shape.
#
# A line "# key = value" shows a default, or an example where there is none; the lines without "#"
# are the least that a node needs. This file is made from the table of options in proxy/config.
#
# Sizes: "512MiB" is 2^20 bytes each, "512MB" is 10^6 each, and "512M" is MiB, as in DRBD.
# Rates: "100mbit" is 10^8 bits a second, "4MiB/s" are bytes; "100Mbps" says neither: it is refused.
# Durations: "500ms", "30s", "2m", "1h", "1d". A relative path starts at the file it is written in.
)";
constexpr std::string_view kSetTables =
    R"(
# What `longthrow set LINK KEY VALUE --save` has written to conf.d/90-set.toml. It overrides the
# keys memlimit, compression and bandwidth of the link of that name, whichever file comes first.
# [set.link.dr]
# memlimit = "2GiB"
)";

}  // namespace

std::string render_reference() {
  std::string text;
  for (const Section section : kSections) {
    text += format("{}{}\n{}", text.empty() ? "" : "\n", section_header(section),
                   indented(section_doc(section), "  "));
    for (const Option& option : section_options(section)) {
      text += format("\n  {}\n{}{}", option.key, indented(option.doc, "      "),
                     facts(option, "      "));
      if (!option.example.empty()) text += format("      Example: {}\n", option.example);
    }
  }
  return text;
}

std::string render_annotated_file() {
  std::string text(kHeader);
  for (const Section section : kSections) {
    text += format("\n{}{}\n", indented(section_doc(section), "# "), example_header(section));
    for (const Option& option : section_options(section)) {
      text += format("\n{}{}", indented(option.doc, "# "), facts(option, "# "));
      if (!option.default_text.empty() && !option.example.empty()) {
        text += format("# Example: {}\n", option.example);
      }
      text += example_line(option);
    }
  }
  return text + std::string(kSetTables);
}

namespace {

constexpr std::string_view kManBegin = ".\\\" BEGIN OPTIONS: made from proxy/config, do not edit\n";
constexpr std::string_view kManEnd = ".\\\" END OPTIONS\n";

// Text as roff: no line begins with a control character, hyphens in code stay hyphens.
std::string roff(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const bool at_line_start = result.empty() || result.back() == '\n';
    if (at_line_start && (c == '.' || c == '\'')) result += "\\&";
    if (c == '\\') {
      result += "\\e";
    } else if (c == '-') {
      result += "\\-";
    } else if (c == '"') {
      result += "\\(dq";
    } else if (c == '^') {
      result += "\\(ha";
    } else {
      result += c;
    }
  }
  return result;
}

// Wrapped lines: roff fills them again.
std::string roff_paragraph(std::string_view text) {
  std::string result;
  for (const std::string& line : wrap(text, kWidth)) result += roff(line) + "\n";
  return result;
}

std::string man_option(const Option& option) {
  std::string text = format(".TP\n\\fB{}\\fR\n{}", roff(option.key), roff_paragraph(option.doc));
  text += format(".br\nAllowed: {}.\n", roff(allowed(option)));
  text += format(".br\nDefault: {}.\n", roff(default_doc(option)));
  text += format(".br\nReload: {}.\n", roff(apply_doc(option.apply)));
  if (option.settable) text += ".br\nAlso by \\fBlongthrow set\\fR, at any time.\n";
  if (!option.example.empty()) text += format(".br\nExample: \\fB{}\\fR\n", roff(option.example));
  return text;
}

}  // namespace

std::string render_man_options() {
  std::string text;
  for (const Section section : kSections) {
    text +=
        format(".SS {}\n{}", roff(section_header(section)), roff_paragraph(section_doc(section)));
    for (const Option& option : section_options(section)) {
      text += man_option(option);
    }
  }
  return text;
}

Result<std::string> with_man_options(std::string_view page, std::string_view options) {
  const auto begin = page.find(kManBegin);
  const auto end = page.find(kManEnd);
  if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) {
    return fail("the manual page lacks the lines that mark its options");
  }
  return format("{}{}{}", page.substr(0, begin + kManBegin.size()), options, page.substr(end));
}

}  // namespace longthrow
