// SPDX-License-Identifier: Apache-2.0
#include "proxy/explain/sentence.h"

#include <algorithm>
#include <cmath>

#include "proxy/base/human.h"
#include "proxy/base/log.h"

namespace longthrow::explain {
namespace {

// A lag that moves by less stays: bytes that are under way come and go.
constexpr double kGrowthMin = 16.0 * 1024;  // bytes/s
constexpr double kGrowthShareMin = 0.05;    // of what comes in or goes out

std::string bytes_text(std::uint64_t bytes) { return human_bytes(static_cast<double>(bytes)); }

Effect lag_effect(const Numbers& numbers) {
  if (numbers.lag.bytes == 0) return Effect::keeps_up;
  if (!numbers.lag_growth_bytes_s) {
    if (numbers.full_s) return Effect::lag_grows;
    return numbers.drain_s ? Effect::lag_shrinks : Effect::lag_stays;
  }
  const double rate = std::max(numbers.in_bytes_s.value_or(0), numbers.out_bytes_s.value_or(0));
  const double noise = std::max(kGrowthMin, kGrowthShareMin * rate);
  if (*numbers.lag_growth_bytes_s > noise) return Effect::lag_grows;
  return *numbers.lag_growth_bytes_s < -noise ? Effect::lag_shrinks : Effect::lag_stays;
}

std::string by_how_much(const Numbers& numbers) {
  return numbers.lag_growth_bytes_s ? " by " + human_rate(std::abs(*numbers.lag_growth_bytes_s))
                                    : std::string();
}

std::string effect_text(const Finding& finding, Effect effect, const Numbers& numbers) {
  switch (effect) {
    case Effect::keeps_up:
      return finding.cause == Cause::nothing || finding.cause == Cause::source_idle
                 ? std::string()
                 : "nothing lags now, but ";
    case Effect::lag_grows:
      return "the lag grows" + by_how_much(numbers) + ": ";
    case Effect::lag_stays:
      return "the lag stays: ";
    case Effect::lag_shrinks:
      return "the lag shrinks" + by_how_much(numbers) + ": ";
    case Effect::source_slowed:
      return "the source is slowed, as the buffer is full: ";
    case Effect::source_stopped:
      return "the source is stopped: ";
    case Effect::copy_waits:
      return "what the peer has sent waits: ";
  }
  return {};
}

// Whether TCP's numbers say anything of the cause.
bool of_the_wan(Cause cause) {
  return cause == Cause::wan_full || cause == Cause::loss || cause == Cause::receive_window ||
         cause == Cause::send_buffer || cause == Cause::buffer_full;
}

// "; a, b, c"
class Tail {
 public:
  void add(const std::string& part) { text_ += (text_.empty() ? "; " : ", ") + part; }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

void add_rates(const Numbers& numbers, About about, Tail& tail) {
  if (numbers.in_bytes_s) tail.add("in " + human_rate(*numbers.in_bytes_s));
  if (about == About::link && numbers.out_bytes_s)
    tail.add("out " + human_rate(*numbers.out_bytes_s));
  if (numbers.ratio) tail.add(format("ratio {:.1f}", *numbers.ratio));
}

void add_tcp(const Numbers& numbers, Tail& tail) {
  const auto& tcp = numbers.tcp;
  if (tcp.rtt_ms) {
    std::string text = format("round trip {:.1f} ms", *tcp.rtt_ms);
    if (tcp.min_rtt_ms) text += format(" ({:.1f} ms without a queue)", *tcp.min_rtt_ms);
    tail.add(text);
  }
  if (tcp.sent_again_share) tail.add(percent(*tcp.sent_again_share) + " sent again");
}

void add_lag(const Finding& finding, const Numbers& numbers, Tail& tail) {
  if (numbers.lag.bytes > 0) {
    tail.add(
        format("lag {}, {}", bytes_text(numbers.lag.bytes), human_seconds(numbers.lag.seconds)));
  }
  if (numbers.buffer_share >= 0.005)
    tail.add(format("buffer {:.0f} %", 100 * numbers.buffer_share));
  if (numbers.full_s) tail.add("full in " + human_seconds(*numbers.full_s));
  if (numbers.drain_s) tail.add("drained in " + human_seconds(*numbers.drain_s));
  if (finding.cause == Cause::source_idle && numbers.from_peer_bytes_s.value_or(0) >= 1024)
    tail.add(human_rate(*numbers.from_peer_bytes_s) + " from the peer");
}

}  // namespace

Effect effect_of(const Finding& finding, const Numbers& numbers, BufferIs buffer) {
  // What is under way is no lag that anything is the cause of.
  if (finding.cause == Cause::nothing) return Effect::keeps_up;
  if (finding.cause == Cause::source_idle) return lag_effect(numbers);
  if (finding.cause == Cause::held && finding.where == Side::here) return Effect::source_stopped;
  if (buffer == BufferIs::full) return Effect::source_slowed;
  if (finding.cause == Cause::target && finding.where == Side::here) return Effect::copy_waits;
  return lag_effect(numbers);
}

std::string sentence(const Finding& finding, Effect effect, const Numbers& numbers, About about) {
  Tail tail;
  const bool flows = finding.cause != Cause::link_down && finding.cause != Cause::paused &&
                     finding.cause != Cause::fenced && finding.cause != Cause::source_idle;
  if (flows) {
    add_rates(numbers, about, tail);
  } else if (numbers.in_bytes_s.value_or(0) >= 1.0) {
    tail.add("in " + human_rate(*numbers.in_bytes_s));
  }
  if (of_the_wan(finding.cause)) add_tcp(numbers, tail);
  add_lag(finding, numbers, tail);
  return effect_text(finding, effect, numbers) + finding.why + tail.text() + ".";
}

}  // namespace longthrow::explain
