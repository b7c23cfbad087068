// SPDX-License-Identifier: Apache-2.0
// A member of a status: how it becomes JSON and a number, how it is read from JSON, and what the
// documentation calls its type. Each kind of member has a StatusValue; `read` says whether it could
// take what it was given, and leaves the member alone if not.
#pragma once

#include <chrono>
#include <cmath>

#include "proxy/control/status_table.h"

namespace longthrow::control {

template <typename T>
struct StatusValue;

template <>
struct StatusValue<bool> {
  static json::value write(const bool& value) { return value; }
  static bool read(const json::value& in, bool& value) {
    if (in.is_bool()) value = in.get_bool();
    return in.is_bool();
  }
  static std::string type() { return "flag"; }
  static Sample number(const bool& value) { return value ? 1.0 : 0.0; }
};

template <>
struct StatusValue<std::uint64_t> {
  static json::value write(std::uint64_t value) { return value; }
  static bool read(const json::value& in, std::uint64_t& value) {
    boost::system::error_code error;
    if (in.is_number()) {
      const auto number = in.to_number<std::uint64_t>(error);
      if (!error) value = number;
    }
    return in.is_number() && !error;
  }
  static std::string type() { return "number"; }
  static Sample number(std::uint64_t value) { return static_cast<double>(value); }
};

// JSON has no infinity and no NaN: they are null.
template <>
struct StatusValue<double> {
  static json::value write(double value) {
    return std::isfinite(value) ? json::value(value) : json::value(nullptr);
  }
  static bool read(const json::value& in, double& value) {
    if (in.is_number()) value = in.to_number<double>();
    return in.is_number();
  }
  static std::string type() { return "number"; }
  static Sample number(double value) { return value; }
};

template <>
struct StatusValue<std::string> {
  static json::value write(const std::string& value) { return json::value(value); }
  static bool read(const json::value& in, std::string& value) {
    if (in.is_string()) value = std::string(in.get_string());
    return in.is_string();
  }
  static std::string type() { return "text"; }
};

template <>
struct StatusValue<WallTime> {
  static json::value write(WallTime value);
  static bool read(const json::value& in, WallTime& value);
  static std::string type() { return "UTC"; }
  static Sample number(WallTime value) {
    return std::chrono::duration<double>(value.time_since_epoch()).count();
  }
};

// null: unknown.
template <>
struct StatusValue<Consistency> {
  static json::value write(Consistency value);
  static bool read(const json::value& in, Consistency& value);
  static std::string type() { return "flag or null"; }
};

[[nodiscard]] std::string listed(std::span<const std::string_view> words);
template <HasWords Enum>
struct StatusValue<Enum> {
  static json::value write(Enum value) { return json::value(to_string(value)); }
  static bool read(const json::value& in, Enum& value) {
    const auto known = in.is_string() ? parse_word<Enum>(in.get_string()) : std::nullopt;
    value = known.value_or(value);
    return known.has_value();
  }
  static std::string type() { return listed(kWords<Enum>); }
};

// Nothing is null, and among words "".
template <typename T>
struct StatusValue<std::optional<T>> {
  static json::value write(const std::optional<T>& value) {
    if (value) return StatusValue<T>::write(*value);
    return HasWords<T> ? json::value("") : json::value(nullptr);
  }
  static bool read(const json::value& in, std::optional<T>& value) {
    T found{};
    value.reset();
    if (StatusValue<T>::read(in, found)) value = std::move(found);
    return true;
  }
  static std::string type() {
    return StatusValue<T>::type() + (HasWords<T> ? ", empty" : " or null");
  }
  static Sample number(const std::optional<T>& value)
    requires requires(const T& inner) { StatusValue<T>::number(inner); }
  {
    return value ? StatusValue<T>::number(*value) : Sample();
  }
};

}  // namespace longthrow::control
