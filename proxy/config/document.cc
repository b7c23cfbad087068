// SPDX-License-Identifier: Apache-2.0
// The only file that includes toml++ (3.3 in Debian 12), header-only and without its exceptions: a
// bad file gives an error value and throws nothing. Four traps:
//  - It stops at the first error of a text: only that one is reported for the file.
//  - A key that is written twice is a parse error, with the key in the message and nowhere else.
//  - Tables are sorted by key; the order of the text is in the source positions only. A [table]
//    that a later header names ("[link.a]" creates `link`) has the position of that header.
//  - Its assertions state what some texts break: the code after them reports an error for these,
//    so they are taken out, while ours stay in every build.
// Nesting is bounded by TOML_MAX_NESTED_VALUES, so the recursion here is, too.
#include "proxy/config/document.h"

#define TOML_EXCEPTIONS 0
#define TOML_MAX_NESTED_VALUES 32
#define TOML_ENABLE_FORMATTERS 0
#define TOML_ASSERT(condition) static_cast<void>(0)
#include <toml++/toml.h>

#include "proxy/base/log.h"

namespace longthrow {
namespace {

int line_of(const toml::source_region& region) { return static_cast<int>(region.begin.line); }

Value convert(const toml::node& node, const std::string& file) {
  Value value;
  value.origin = {file, line_of(node.source())};
  if (const auto* text = node.as_string()) {
    value.data = text->get();
  } else if (const auto* number = node.as_integer()) {
    value.data = number->get();
  } else if (const auto* real = node.as_floating_point()) {
    value.data = real->get();
  } else if (const auto* flag = node.as_boolean()) {
    value.data = flag->get();
  } else if (const auto* array = node.as_array()) {
    Value::List list;
    for (const toml::node& item : *array) list.push_back(convert(item, file));
    value.data = std::move(list);
  } else if (const auto* table = node.as_table()) {
    Value::Table entries;
    for (const auto& [key, item] : *table) {
      entries.push_back(
          {std::string(key.str()), {file, line_of(key.source())}, convert(item, file)});
    }
    value.data = std::move(entries);
  } else {
    value.data = Value::Date{};
  }
  return value;
}

// "Error while parsing key-value pair: cannot redefine existing string 'link.dr.listen'": the key.
std::string redefined_key(std::string_view description) {
  if (description.find("cannot redefine existing") == std::string_view::npos) return "";
  const auto end = description.rfind('\'');
  if (end == std::string_view::npos || end == 0) return "";
  const auto begin = description.rfind('\'', end - 1);
  if (begin == std::string_view::npos) return "";
  return std::string(description.substr(begin + 1, end - begin - 1));
}

}  // namespace

std::optional<Value> read_document(const SourceText& source, Report& report) {
  const auto parsed = toml::parse(std::string_view(source.text), std::string_view(source.file));
  if (parsed) return convert(parsed.table(), source.file);
  const toml::parse_error& error = parsed.error();
  const std::string_view description = error.description();
  const std::string key = redefined_key(description);
  report.error({source.file, line_of(error.source())}, key,
               key.empty()
                   ? format("not valid TOML: {}; a text needs quotes: key = \"text\"", description)
                   : std::string("it is written a second time in this file; keep one"));
  return std::nullopt;
}

std::string quote_toml(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') {
      quoted += format("\\u{:04X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

}  // namespace longthrow
