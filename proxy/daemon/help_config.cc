// SPDX-License-Identifier: Apache-2.0
#include "proxy/daemon/help_config.h"

#include <sstream>

#include "proxy/base/log.h"
#include "proxy/config/options.h"

namespace longthrow {
namespace {

constexpr std::size_t kWidth = 92;

std::string wrapped(std::string_view text, std::string_view indent) {
  std::string out;
  std::string line(indent);
  std::istringstream words{std::string(text)};
  for (std::string word; words >> word;) {
    if (line.size() > indent.size() && line.size() + 1 + word.size() > kWidth) {
      out += line + "\n";
      line = indent;
    }
    if (line.size() > indent.size()) line += ' ';
    line += word;
  }
  return out + line + "\n";
}

std::string_view when_applied(Apply apply) {
  switch (apply) {
    case Apply::live:
      return "a reload applies it";
    case Apply::new_connections:
      return "a reload applies it to new connections";
    case Apply::recreate:
      return "changed by removing and adding its table";
    case Apply::restart:
      return "changed by a restart";
  }
  return "";
}

std::string option_help(const Option& option) {
  std::string out = format("  {}\n", option.key);
  out += wrapped(option.doc, "      ");
  std::string facts = allowed(option);
  const std::string preset = default_toml(option);
  if (!preset.empty()) {
    facts += "; default " + preset;
  } else if (!option.default_note.empty()) {
    facts += format("; default: {}", option.default_note);
  }
  facts += format("; {}", when_applied(option.apply));
  return out + wrapped(facts + ".", "      ");
}

}  // namespace

std::string config_help() {
  std::string out =
      "The configuration file, key by key. See also longthrowd(8) and longthrow.toml.\n";
  std::string header;
  for (const Option& option : options()) {
    const std::string section = section_header(option.section);
    if (section != header) out += format("\n{}\n", section);
    header = section;
    out += option_help(option);
  }
  return out;
}

}  // namespace longthrow
