// SPDX-License-Identifier: Apache-2.0
#include "proxy/config/fields.h"

#include <algorithm>
#include <filesystem>

#include "proxy/base/log.h"
#include "proxy/config/bandwidth_windows.h"
#include "proxy/config/units.h"

namespace longthrow::fields {
namespace {

constexpr std::size_t kTextMax = 4096;
constexpr std::size_t kListMax = 64;

std::unexpected<Error> refuse(const Option& option, const Value& value, std::string_view why = "") {
  return fail(format("{} is not allowed here{}{}; allowed: {}", describe(value),
                     why.empty() ? "" : ": ", why, allowed(option)));
}

Result<std::string> text_of(const Option& option, const Value& value) {
  const auto* text = value.get_if<std::string>();
  if (text == nullptr) return refuse(option, value);
  if (text->size() > kTextMax || text->find('\0') != std::string::npos) {
    return refuse(option, value, "too long, or a NUL byte in it");
  }
  return *text;
}

Result<std::vector<std::string>> texts_of(const Option& option, const Value& value) {
  const auto* list = value.get_if<Value::List>();
  if (list == nullptr || list->size() > kListMax) return refuse(option, value);
  std::vector<std::string> texts;
  for (const Value& item : *list) {
    auto text = text_of(option, item);
    if (!text) return std::unexpected(std::move(text.error()));
    texts.push_back(std::move(*text));
  }
  return texts;
}

constexpr const char* kLacksInterface =
    "a link-local address needs its interface, as in fe80::1%eth0";

// The kernel would refuse such an address at every attempt.
bool lacks_interface(const Endpoint& endpoint) {
  return endpoint.is_link_local() && endpoint.zone.empty();
}

bool in_range(const Option& option, std::uint64_t number) {
  return number >= static_cast<std::uint64_t>(option.min) &&
         (option.max == 0 || number <= static_cast<std::uint64_t>(option.max));
}

// A relative path starts from the folder of the file that it is written in, whatever the working
// directory is.
Result<std::string> path_of(const Option& option, const Value& value) {
  auto text = text_of(option, value);
  if (!text) return text;
  if (text->empty()) return refuse(option, value);
  if (option.type == ValueType::key_file && text->starts_with(kCredentialPrefix)) {
    const bool named = is_config_name(std::string_view(*text).substr(kCredentialPrefix.size()));
    return named ? text : refuse(option, value, "that is no name of a credential");
  }
  const auto folder = std::filesystem::path(value.origin.file).parent_path();
  std::string path = (folder / *text).lexically_normal().string();
  if (option.max != 0 && path.size() > static_cast<std::size_t>(option.max)) {
    return refuse(option, value, "too long");
  }
  return path;
}

}  // namespace

bool is_word(const Option& option, const Value& value) {
  const auto* text = value.get_if<std::string>();
  return text != nullptr && !option.word.empty() && *text == option.word;
}

Result<void> read(const Option& option, const Value& value, std::string& out) {
  const bool path = option.type == ValueType::path || option.type == ValueType::key_file;
  auto text = path ? path_of(option, value) : text_of(option, value);
  if (!text) return std::unexpected(std::move(text.error()));
  if (is_word(option, value)) {
    text->clear();  // "auto": left to the system
  } else if (text->empty() || (option.type == ValueType::name && !is_config_name(*text))) {
    return refuse(option, value);
  } else if (option.type == ValueType::token && (!is_config_name(*text) || text->size() > 15)) {
    return refuse(option, value);
  }
  out = std::move(*text);
  return {};
}

Result<void> read(const Option& option, const Value& value, std::uint64_t& out) {
  const auto text = text_of(option, value);
  if (!text) return std::unexpected(text.error());
  const bool rate = option.type == ValueType::rate;
  const auto number = rate ? parse_rate(*text) : parse_size(*text);
  if (!number) return refuse(option, value, number.error().message);
  if (is_word(option, value)) {
    out = 0;
    return {};
  }
  if (!in_range(option, *number)) return refuse(option, value);
  out = *number;
  return {};
}

Result<void> read(const Option& option, const Value& value, Duration& out) {
  const auto text = text_of(option, value);
  if (!text) return std::unexpected(text.error());
  const auto duration = parse_duration(*text);
  if (!duration) return refuse(option, value, duration.error().message);
  if (!in_range(option, static_cast<std::uint64_t>(duration->count())))
    return refuse(option, value);
  out = *duration;
  return {};
}

Result<void> read(const Option& option, const Value& value, bool& out) {
  const auto* flag = value.get_if<bool>();
  if (flag == nullptr) return refuse(option, value);
  out = *flag;
  return {};
}

Result<void> read(const Option& option, const Value& value, int& out) {
  if (is_word(option, value)) {
    out = 0;
    return {};
  }
  const auto* number = value.get_if<std::int64_t>();
  if (number == nullptr || *number < option.min || *number > option.max) {
    return refuse(option, value);
  }
  out = static_cast<int>(*number);
  return {};
}

Result<void> read(const Option& option, const Value& value, HostPort& out) {
  const auto text = text_of(option, value);
  if (!text) return std::unexpected(text.error());
  auto host_port = parse_host_port(*text);
  if (!host_port) return refuse(option, value, host_port.error().message);
  if (host_port->host.size() > 255) return refuse(option, value, "the host name is too long");
  const auto numeric = parse_endpoint(*text);
  if (numeric && lacks_interface(*numeric)) return refuse(option, value, kLacksInterface);
  out = std::move(*host_port);
  return {};
}

Result<void> read(const Option& option, const Value& value, Endpoint& out) {
  const auto text = text_of(option, value);
  if (!text) return std::unexpected(text.error());
  const bool source = option.type == ValueType::source;
  auto endpoint = parse_endpoint(source ? *text + ":0" : *text);
  if (source && !endpoint) endpoint = parse_endpoint(format("[{}]:0", *text));
  if (!endpoint) {
    const bool plain = source && text->find('%') == std::string::npos;
    return refuse(option, value, plain ? "" : endpoint.error().message);
  }
  if (lacks_interface(*endpoint)) return refuse(option, value, kLacksInterface);
  if (!source && endpoint->port == 0) return refuse(option, value, "the port is 0");
  out = *endpoint;
  return {};
}

Result<void> read(const Option& option, const Value& value, std::vector<HostPort>& out) {
  std::vector<HostPort> host_ports;
  const auto* list = value.get_if<Value::List>();
  if (list != nullptr && (list->empty() || list->size() > kListMax)) {
    return refuse(option, value, "it is empty or too long");
  }
  const std::span<const Value> items = list != nullptr ? std::span(*list) : std::span(&value, 1);
  for (const Value& item : items) {
    auto result = read(option, item, host_ports.emplace_back());
    if (!result) return result;
    if (std::ranges::count(host_ports, host_ports.back()) > 1) {
      return refuse(option, item, "it is in the list twice");
    }
  }
  out = std::move(host_ports);
  return {};
}

Result<void> read(const Option& option, const Value& value, std::vector<std::string>& out) {
  auto words = texts_of(option, value);
  if (!words) return std::unexpected(std::move(words.error()));
  if (!words->empty() && !words->front().starts_with('/'))
    return refuse(option, value, "no shell is used, so it needs the program's full path");
  out = std::move(*words);
  return {};
}

Result<void> read(const Option& option, const Value& value, std::vector<BandwidthWindow>& out) {
  const auto texts = texts_of(option, value);
  if (!texts) return std::unexpected(texts.error());
  auto windows = parse_bandwidth_windows(*texts);
  if (!windows) return refuse(option, value, windows.error().message);
  out = std::move(*windows);
  return {};
}

Result<void> read(const Option& option, const Value& value, CompressionSetting& out) {
  const auto text = text_of(option, value);
  if (!text) return std::unexpected(text.error());
  const auto setting = parse_compression(*text);
  if (!setting) return refuse(option, value);
  out = *setting;
  return {};
}

Result<std::size_t> read_choice(const Option& option, const Value& value) {
  const auto* text = value.get_if<std::string>();
  if (text == nullptr) return refuse(option, value);
  const auto choice = std::ranges::find(option.choices, *text);
  if (choice == option.choices.end()) return refuse(option, value);
  return static_cast<std::size_t>(choice - option.choices.begin());
}

TlsConfig& tls_of(Subject subject) {
  if (auto* const* link = std::get_if<LinkConfig*>(&subject)) return (*link)->tls;
  auto& tls = std::get<DrbdProxyConfig*>(subject)->tls;
  if (!tls) tls.emplace();
  return *tls;
}

const TlsConfig* tls_of(ConstSubject subject) {
  if (const auto* const* link = std::get_if<const LinkConfig*>(&subject)) return &(*link)->tls;
  const auto& tls = std::get<const DrbdProxyConfig*>(subject)->tls;
  return tls ? &*tls : nullptr;
}

Result<void> TlsTable::assign(const Option& option, Subject subject, const Value& value) {
  const auto* text = value.get_if<std::string>();
  if (text == nullptr || *text != "none") return refuse(option, value);
  tls_of(subject) = NoTls{};
  return {};
}

std::string TlsTable::show(const Option&, ConstSubject subject) {
  const TlsConfig* tls = tls_of(subject);
  if (tls == nullptr) return "";
  if (std::holds_alternative<PskTls>(*tls)) return "a pre-shared key";
  return std::holds_alternative<CertificateTls>(*tls) ? "certificates" : "none";
}

}  // namespace longthrow::fields
