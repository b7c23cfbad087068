// SPDX-License-Identifier: Apache-2.0
#include "proxy/base/log.h"
#include "proxy/config/fields.h"
#include "proxy/config/units.h"

namespace longthrow::fields {

std::string show(const Option& option, const std::string& value) {
  return value.empty() ? std::string(option.word) : value;
}
std::string show(const Option& option, std::uint64_t value) {
  return option.type == ValueType::rate ? show_rate(value) : show_size(value);
}
std::string show(const Option&, Duration value) { return show_duration(value); }
std::string show(const Option&, bool value) { return value ? "true" : "false"; }
std::string show(const Option& option, int value) {
  return value == 0 && !option.word.empty() && option.min > 0 ? std::string(option.word)
                                                              : std::to_string(value);
}
std::string show(const Option&, const HostPort& value) { return to_string(value); }

std::string show(const Option& option, const Endpoint& value) {
  std::string text = to_string(value);
  if (option.type != ValueType::source) return text;
  text.resize(text.rfind(':'));
  return text.starts_with('[') ? text.substr(1, text.size() - 2) : text;
}

std::string show(const Option& option, const std::vector<HostPort>& value) {
  std::string text;
  for (const HostPort& item : value) text += (text.empty() ? "" : ", ") + show(option, item);
  return text;
}

std::string show(const Option&, const std::vector<std::string>& value) {
  std::string text = "[";
  for (const std::string& word : value) text += format("{}\"{}\"", text == "[" ? "" : ", ", word);
  return text + "]";
}

std::string show(const Option& option, const std::vector<BandwidthWindow>& value) {
  std::vector<std::string> texts;
  for (const BandwidthWindow& window : value) texts.push_back(window.text);
  return show(option, texts);
}

std::string show(const Option&, const CompressionSetting& value) { return to_string(value); }

}  // namespace longthrow::fields
