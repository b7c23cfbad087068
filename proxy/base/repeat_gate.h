// SPDX-License-Identifier: Apache-2.0
// Keeps a state that lasts from filling the log: a text that is repeated passes at once the first
// time, then ever more rarely. Pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "longthrow/time.h"
#include "proxy/base/line_budget.h"

namespace longthrow {

// In a day, one text that comes again and again passes some 20 times; ever new texts pass some 50
// times in all.
class RepeatGate {
 public:
  static constexpr Duration kFirst = std::chrono::minutes(1);
  static constexpr Duration kLast = std::chrono::hours(2);
  static constexpr std::size_t kTextsMax = 64;
  static constexpr std::uint64_t kBurst = 24;
  static constexpr Duration kEvery = std::chrono::hours(1);

  // May `text` be said now? If so, how often it was kept back since the last time. A text that was
  // silent for kLast longer than its interval is new again.
  [[nodiscard]] std::optional<std::uint64_t> ask(TimePoint now, const std::string& text) {
    std::erase_if(texts_, [&](const auto& entry) { return entry.second.again_at + kLast <= now; });
    const auto known = texts_.find(text);
    if (known == texts_.end()) {
      if (!budget_.take(now)) return std::nullopt;
      make_room();
      texts_.emplace(text, Text{.again_at = now + kFirst, .interval = kFirst});
      return 0;
    }
    Text& entry = known->second;
    if (now < entry.again_at || !budget_.take(now)) {
      ++entry.kept_back;
      return std::nullopt;
    }
    entry.interval = std::min(entry.interval * 2, kLast);
    entry.again_at = now + entry.interval;
    return std::exchange(entry.kept_back, 0);
  }
  // How many lines were left out because there were too many different ones: now and then.
  [[nodiscard]] std::optional<std::uint64_t> look(TimePoint now) { return budget_.look(now); }

 private:
  struct Text {
    TimePoint again_at;
    Duration interval;
    std::uint64_t kept_back = 0;
  };
  void make_room() {
    if (texts_.size() < kTextsMax) return;
    texts_.erase(std::ranges::min_element(texts_, {},
                                          [](const auto& entry) { return entry.second.again_at; }));
  }

  LineBudget budget_{kBurst, kEvery};
  std::map<std::string, Text> texts_;
};

// " (and 12 times more since)", or nothing.
[[nodiscard]] inline std::string kept_back_note(std::uint64_t times) {
  return times == 0 ? "" : " (and " + std::to_string(times) + " times more since this was said)";
}

}  // namespace longthrow
