// SPDX-License-Identifier: Apache-2.0
// What the table of the status is written with: a row() for each key, gauge() and counter() for the
// metrics of it.
#pragma once

#include <type_traits>
#include <utility>

#include "proxy/control/status_maps.h"

// The member of whatever object it is given, of a constant one too.
#define LT_AT(member) [](auto& of) -> auto& { return of.member; }

namespace longthrow::control {

// The rows of one kind of object are made by a class that inherits from this one.
template <typename Of>
struct RowsOf {
  using Metrics = std::vector<MetricRow<Of>>;

  // Metrics whose samples are the value of their row. Without `help` the row's text is it.
  static MetricRow<Of> gauge(std::string_view name, std::string_view help = {}) {
    return {.name = name, .help = help};
  }
  static MetricRow<Of> counter(std::string_view name, std::string_view help = {}) {
    return {.name = name, .help = help, .type = prometheus::MetricType::Counter};
  }
  // `get(of)` gives the value: a number, or nothing.
  template <typename Get>
  static MetricRow<Of> gauge(std::string_view name, std::string_view help, Get get) {
    return {.name = name, .help = help, .collect = sampled(get)};
  }
  template <typename Get>
  static MetricRow<Of> counter(std::string_view name, std::string_view help, Get get) {
    return {.name = name,
            .help = help,
            .type = prometheus::MetricType::Counter,
            .collect = sampled(get)};
  }

  // `at` is LT_AT() of the member that the key shows.
  template <typename At>
  static StatusRow<Of> row(std::string_view key, At at, std::string_view doc,
                           Metrics metrics = {}) {
    using Value = StatusValue<std::remove_cvref_t<decltype(at(std::declval<Of&>()))>>;
    StatusRow<Of> out{.key = key,
                      .type = Value::type(),
                      .doc = doc,
                      .write = [at](const Of& of) { return Value::write(at(of)); },
                      .read = [at](const json::value& in, Of& of) { Value::read(in, at(of)); },
                      .metrics = std::move(metrics)};
    if constexpr (requires(std::vector<KeyDoc>& docs) { Value::describe("", docs); })
      out.describe = Value::describe;
    if constexpr (requires(const Of& of) { Value::number(at(of)); })
      take_value(out.metrics, [at](const Of& of) { return Value::number(at(of)); });
    return out;
  }
  // How many entries a list has that another key shows.
  template <typename At>
  static StatusRow<Of> count(std::string_view key, At at, std::string_view doc,
                             Metrics metrics = {}) {
    const auto size = [at](const Of& of) { return std::uint64_t{at(of).size()}; };
    take_value(metrics, size);
    return {.key = key,
            .type = StatusValue<std::uint64_t>::type(),
            .doc = doc,
            .write = [size](const Of& of) { return json::value(size(of)); },
            .metrics = std::move(metrics)};
  }

 private:
  template <typename Get>
  static auto sampled(Get get) {
    return [get](const Of& of, const EmitSample& emit) {
      if (const Sample value = to_sample(get(of))) emit({}, *value);
    };
  }
  template <typename T>
  static Sample to_sample(const T& value) {
    return StatusValue<T>::number(value);
  }
  template <typename Get>
  static void take_value(Metrics& metrics, Get get) {
    for (MetricRow<Of>& metric : metrics) {
      if (!metric.collect) metric.collect = sampled(get);
    }
  }
};

}  // namespace longthrow::control
