// SPDX-License-Identifier: Apache-2.0
// The emulated WAN as a whole: two directions, and the commands that change them. Pure.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "tools/wanlink/direction.h"

namespace longthrow::wanlink {

struct LinkSettings {
  std::array<DirectionSettings, 2> directions;  // a2b, b2a
  std::vector<Outage> outages;                  // of both directions
  Outage periodic;                              // none while start is 0
  std::uint64_t seed = 1;
};

class Link {
 public:
  static constexpr std::array<std::string_view, 2> kNames{"a2b", "b2a"};
  // What `execute` understands, for people.
  static constexpr std::string_view kCommands =
      "set [a2b|b2a] KEY=VALUE..., down [a2b|b2a], up [a2b|b2a], outage [a2b|b2a] LENGTH, stats, "
      "quit";

  Link(const LinkSettings& settings, TimePoint now);

  [[nodiscard]] Direction& direction(std::size_t index) { return directions_[index]; }
  [[nodiscard]] TimePoint next_timeout() const;

  // Does one command and returns the answer, a JSON object in one line: {"ok":true,...} or
  // {"ok":false,"error":"..."}. A command that fails has changed nothing.
  [[nodiscard]] std::string execute(TimePoint now, std::string_view command);
  [[nodiscard]] bool quit_requested() const { return quit_requested_; }

  // {"uptime_s":...,"a2b":{...},"b2a":{...}}
  [[nodiscard]] std::string statistics_json(TimePoint now) const;
  // A few lines for people.
  [[nodiscard]] std::string statistics_text() const;

 private:
  struct Request;
  [[nodiscard]] Result<std::string> try_execute(TimePoint now, std::string_view command);
  [[nodiscard]] Result<void> set(TimePoint now, const Request& request);
  [[nodiscard]] Result<void> change_state(TimePoint now, const Request& request);

  std::array<Direction, 2> directions_;
  TimePoint start_;
  bool quit_requested_ = false;
};

}  // namespace longthrow::wanlink
