// SPDX-License-Identifier: Apache-2.0
#include "tools/wanlink/settings.h"

#include "proxy/base/log.h"
#include "tools/wanlink/units.h"

namespace longthrow::wanlink {
namespace {

// Longer delays would only hide a typing error (and fill memory).
constexpr Duration kDelayMax = std::chrono::minutes(10);

template <typename T>
Result<void> store(T& target, Result<T> value) {
  if (!value) return std::unexpected(value.error());
  target = *value;
  return {};
}

Result<void> store_delay(Duration& target, std::string_view value, int share) {
  const auto delay = parse_duration(value);
  if (!delay) return std::unexpected(delay.error());
  if (*delay > kDelayMax) return fail(format("\"{}\" is longer than 10min", value));
  target = *delay / share;
  return {};
}

Result<void> set_delay(DirectionSettings& s, std::string_view v) {
  return store_delay(s.delay, v, 1);
}
Result<void> set_rtt(DirectionSettings& s, std::string_view v) {
  return store_delay(s.delay, v, 2);
}
Result<void> set_jitter(DirectionSettings& s, std::string_view v) {
  return store_delay(s.jitter, v, 1);
}
Result<void> set_rate(DirectionSettings& s, std::string_view v) {
  return store(s.rate_bits_s, parse_rate(v));
}
Result<void> set_queue(DirectionSettings& s, std::string_view v) {
  return store(s.queue_bytes, parse_size(v));
}
Result<void> set_loss(DirectionSettings& s, std::string_view v) {
  return store(s.loss, parse_probability(v));
}

Result<void> set_burst_loss(DirectionSettings& s, std::string_view value) {
  BurstLoss burst;
  double* const fields[] = {&burst.enter, &burst.leave, &burst.loss};
  std::size_t count = 0;
  for (std::string_view rest = value;; ++count) {
    if (count == 3) return fail(format("\"{}\": burst-loss is P,R or P,R,LOSS", value));
    const auto comma = rest.find(',');
    if (auto stored = store(*fields[count], parse_probability(rest.substr(0, comma))); !stored) {
      return stored;
    }
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  if (count == 0 && burst.enter > 0.0) {
    return fail(format("\"{}\": burst-loss is P,R, such as 0.1%,20% (or 0 for none)", value));
  }
  if (burst.enter > 0.0 && burst.leave == 0.0) return fail("burst-loss: a burst must end: R > 0");
  s.burst = burst;
  return {};
}

Result<void> set_outage_mode(DirectionSettings& s, std::string_view value) {
  if (value != "drop" && value != "hold") {
    return fail(format("outage-mode is drop or hold, not \"{}\"", value));
  }
  s.outage_mode = value == "drop" ? OutageMode::drop : OutageMode::hold;
  return {};
}

struct Setter {
  std::string_view key;
  Result<void> (*set)(DirectionSettings&, std::string_view);
};
constexpr Setter kSetters[] = {{"delay", set_delay},           {"rtt", set_rtt},
                               {"jitter", set_jitter},         {"rate", set_rate},
                               {"queue", set_queue},           {"loss", set_loss},
                               {"burst-loss", set_burst_loss}, {"outage-mode", set_outage_mode}};

}  // namespace

Result<void> apply_setting(DirectionSettings& settings, std::string_view key,
                           std::string_view value) {
  for (const Setter& setter : kSetters) {
    if (setter.key == key) return setter.set(settings, value);
  }
  std::string keys;
  for (const Setter& setter : kSetters) keys += format(" {}", setter.key);
  return fail(format("no setting \"{}\"; there are:{}", key, keys));
}

}  // namespace longthrow::wanlink
