// SPDX-License-Identifier: Apache-2.0
#include "proxy/config/saved_settings.h"

#include <map>

#include "proxy/base/log.h"
#include "proxy/config/document.h"
#include "proxy/config/options.h"

namespace longthrow {
namespace {

using Settings = std::map<std::string, std::map<std::string, std::string>>;  // by link, by key

constexpr std::string_view kHeader =
    "# Written by `longthrow set --save`; it overrides the keys of [link.NAME]. Comments are not "
    "kept.\n"
    "# To return to the values of the main file, remove the lines here and reload.\n";

// The value in the form in which the file gets it, or why it is not allowed.
Result<std::string> checked(const std::string& key, const Value& value) {
  const Option* option = find_option(Section::link, key);
  if (option == nullptr || !option->settable) {
    return fail(format("\"{}\" cannot be set; allowed: memlimit, compression, bandwidth", key));
  }
  LinkConfig link;
  const auto result = option->assign(*option, &link, value);
  if (!result) return fail(format("{}: {}", key, result.error().message));
  return option->show(*option, &link);
}

const Value::Table* only_table(const Value& value, std::string_view key) {
  const auto* table = value.get_if<Value::Table>();
  if (table == nullptr || table->size() != 1 || table->front().key != key) return nullptr;
  return table->front().value.get_if<Value::Table>();
}

Result<Settings> read_settings(std::string_view text) {
  Report report;
  const auto root = read_document({std::string(kSavedSettingsFile), std::string(text)}, report);
  if (!root) return fail(to_string(report.take_errors().front()));
  Settings settings;
  if (root->get_if<Value::Table>()->empty()) return settings;
  const auto foreign = [] {
    return fail(format("{} holds more than [set.link.NAME] tables; move the rest to another file",
                       kSavedSettingsFile));
  };
  const Value::Table* set = only_table(*root, "set");
  if (set == nullptr || set->size() != 1 || set->front().key != "link") return foreign();
  const auto* links = set->front().value.get_if<Value::Table>();
  if (links == nullptr) return foreign();
  for (const Entry& link : *links) {
    const auto* keys = link.value.get_if<Value::Table>();
    if (keys == nullptr) return foreign();
    for (const Entry& entry : *keys) {
      auto value = checked(entry.key, entry.value);
      if (!value) {
        return fail(
            format("{}:{}: {}", kSavedSettingsFile, entry.origin.line, value.error().message));
      }
      settings[link.key][entry.key] = std::move(*value);
    }
  }
  return settings;
}

}  // namespace

Result<std::string> update_saved_settings(std::string_view text, const SavedSetting& setting) {
  if (!is_config_name(setting.link))
    return fail(format("\"{}\" is not a link's name", setting.link));
  auto value = checked(setting.key, Value{.data = setting.value});
  if (!value) return std::unexpected(std::move(value.error()));
  auto settings = read_settings(text);
  if (!settings) return std::unexpected(std::move(settings.error()));
  (*settings)[setting.link][setting.key] = std::move(*value);
  std::string written(kHeader);
  for (const auto& [link, keys] : *settings) {
    // Quoted, since a name may hold dots.
    written += format("\n[set.link.{}]\n", quote_toml(link));
    for (const auto& [key, text_value] : keys) {
      written += format("{} = {}\n", key, quote_toml(text_value));
    }
  }
  return written;
}

}  // namespace longthrow
