// SPDX-License-Identifier: Apache-2.0
// Binds an option to a member of a configuration struct: the C++ type of the member selects reader
// and writer. For the tables of options only.
#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "proxy/config/options.h"

namespace longthrow::fields {

// Readers: on failure `out` is unchanged and the error says why, without the key.
Result<void> read(const Option& option, const Value& value, std::string& out);
Result<void> read(const Option& option, const Value& value, std::uint64_t& out);
Result<void> read(const Option& option, const Value& value, Duration& out);
Result<void> read(const Option& option, const Value& value, bool& out);
Result<void> read(const Option& option, const Value& value, int& out);
Result<void> read(const Option& option, const Value& value, HostPort& out);
Result<void> read(const Option& option, const Value& value, Endpoint& out);
Result<void> read(const Option& option, const Value& value, std::vector<HostPort>& out);
Result<void> read(const Option& option, const Value& value, std::vector<std::string>& out);
Result<void> read(const Option& option, const Value& value, std::vector<BandwidthWindow>& out);
Result<void> read(const Option& option, const Value& value, CompressionSetting& out);
// The position of a choice.
Result<std::size_t> read_choice(const Option& option, const Value& value);
[[nodiscard]] bool is_word(const Option& option, const Value& value);

template <typename T>
Result<void> read(const Option& option, const Value& value, std::optional<T>& out) {
  if (is_word(option, value)) {
    out.reset();
    return {};
  }
  T read_value{};
  auto result = read(option, value, read_value);
  if (result) out = std::move(read_value);
  return result;
}
template <typename T>
  requires std::is_enum_v<T>
Result<void> read(const Option& option, const Value& value, T& out) {
  const auto index = read_choice(option, value);
  if (!index) return std::unexpected(index.error());
  out = static_cast<T>(*index);
  return {};
}

// Writers: as the admin would write it, unquoted; "" where nothing is set.
std::string show(const Option& option, const std::string& value);
std::string show(const Option& option, std::uint64_t value);
std::string show(const Option& option, Duration value);
std::string show(const Option& option, bool value);
std::string show(const Option& option, int value);
std::string show(const Option& option, const HostPort& value);
std::string show(const Option& option, const Endpoint& value);
std::string show(const Option& option, const std::vector<HostPort>& value);
std::string show(const Option& option, const std::vector<std::string>& value);
std::string show(const Option& option, const std::vector<BandwidthWindow>& value);
std::string show(const Option& option, const CompressionSetting& value);

template <typename T>
std::string show(const Option& option, const std::optional<T>& value) {
  return value ? show(option, *value) : std::string(option.word);
}
template <typename T>
  requires std::is_enum_v<T>
std::string show(const Option& option, T value) {
  return std::string(option.choices[static_cast<std::size_t>(value)]);
}

template <typename Owner, typename T>
Owner owner_of(T Owner::*);

template <auto kMember>
struct Field {
  using Owner = decltype(owner_of(kMember));
  static Result<void> assign(const Option& option, Subject subject, const Value& value) {
    return read(option, value, std::get<Owner*>(subject)->*kMember);
  }
  static std::string show(const Option& option, ConstSubject subject) {
    return fields::show(option, std::get<const Owner*>(subject)->*kMember);
  }
};

// The tls table of a link, or of [drbd-proxy], which may have none (null).
[[nodiscard]] TlsConfig& tls_of(Subject subject);
[[nodiscard]] const TlsConfig* tls_of(ConstSubject subject);

// The keys of the tls table: writing one selects its kind.
template <auto kMember>
struct TlsField {
  using Kind = decltype(owner_of(kMember));
  static Result<void> assign(const Option& option, Subject subject, const Value& value) {
    TlsConfig& tls = tls_of(subject);
    if (!std::holds_alternative<Kind>(tls)) tls.emplace<Kind>();
    return read(option, value, std::get<Kind>(tls).*kMember);
  }
  static std::string show(const Option& option, ConstSubject subject) {
    const Kind* kind = std::get_if<Kind>(tls_of(subject));
    return kind == nullptr ? "" : fields::show(option, kind->*kMember);
  }
};
// "none", or which kind of table it is.
struct TlsTable {
  static Result<void> assign(const Option& option, Subject subject, const Value& value);
  static std::string show(const Option& option, ConstSubject subject);
};

template <typename F>
constexpr Option bind(Option option) {
  option.assign = F::assign;
  option.show = F::show;
  return option;
}
constexpr std::int64_t ns(Duration duration) { return duration.count(); }

}  // namespace longthrow::fields
