// SPDX-License-Identifier: Apache-2.0
#include "tools/wanlink/link.h"

#include <algorithm>

#include "proxy/base/log.h"
#include "tools/wanlink/units.h"

namespace longthrow::wanlink {
namespace {

std::vector<std::string_view> words_of(std::string_view line) {
  constexpr std::string_view kBlank = " \t\r\n";
  std::vector<std::string_view> words;
  for (auto at = line.find_first_not_of(kBlank); at != line.npos;
       at = line.find_first_not_of(kBlank, at)) {
    const auto end = std::min(line.find_first_of(kBlank, at), line.size());
    words.push_back(line.substr(at, end - at));
    at = end;
  }
  return words;
}

std::string quoted(std::string_view text) {
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') json += '\\';
    const bool plain =
        static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x7f;
    json += plain ? std::string(1, c) : format("\\u{:04x}", static_cast<unsigned char>(c));
  }
  return json + '"';
}

double milliseconds(Duration duration) { return static_cast<double>(duration.count()) / 1e6; }

std::string json_of(const Direction& direction) {
  const DirectionSettings& set = direction.settings();
  const DirectionStatistics& seen = direction.statistics();
  std::string json = format(
      R"({{"state":"{}","delay_ms":{},"jitter_ms":{},"rate_bits_s":{},"queue_limit_bytes":{},)"
      R"("loss":{},"burst_loss":[{},{},{}],"outage_mode":"{}",)",
      direction.is_down() ? "down" : "up", milliseconds(set.delay), milliseconds(set.jitter),
      set.rate_bits_s, set.queue_bytes, set.loss, set.burst.enter, set.burst.leave, set.burst.loss,
      set.outage_mode == OutageMode::drop ? "drop" : "hold");
  json +=
      format(R"("in":{{"packets":{},"bytes":{}}},"out":{{"packets":{},"bytes":{}}},)"
             R"("lost":{{"chance":{},"queue":{},"outage":{},"device":{},"malformed":{}}},)",
             seen.in_packets, seen.in_bytes, seen.out_packets, seen.out_bytes, seen.lost_by_chance,
             seen.lost_to_queue, seen.lost_to_outage, seen.lost_to_device, seen.malformed);
  json += format(
      R"("queue_bytes":{},"queue_peak_bytes":{},"in_flight_bytes":{},"outages":{},"cut_frames":{},)"
      R"("lateness_us":{{"mean":{:.1f},"p99":{:.1f},"max":{:.1f}}}}})",
      direction.queued_bytes(), seen.queue_bytes_peak, direction.in_flight_bytes(), seen.outages,
      seen.cut_frames, seen.lateness.mean_us(), seen.lateness.p99_us(), seen.lateness.max_us());
  return json;
}

}  // namespace

// A command taken apart: which directions, and the words that follow.
struct Link::Request {
  std::string_view verb;
  std::array<bool, 2> chosen{true, true};
  std::vector<std::string_view> arguments;
};

Link::Link(const LinkSettings& settings, TimePoint now)
    : directions_{Direction(settings.directions[0], now, settings.seed),
                  Direction(settings.directions[1], now, settings.seed + 1)},
      start_(now) {
  for (Direction& direction : directions_) {
    for (const Outage& outage : settings.outages) direction.outages().plan(outage);
    if (settings.periodic.start > Duration(0)) direction.outages().repeat(settings.periodic);
  }
}

TimePoint Link::next_timeout() const {
  return std::min(directions_[0].next_timeout(), directions_[1].next_timeout());
}

std::string Link::execute(TimePoint now, std::string_view command) {
  const auto details = try_execute(now, command);
  if (!details) return format(R"({{"ok":false,"error":{}}})", quoted(details.error().message));
  return *details;
}

Result<std::string> Link::try_execute(TimePoint now, std::string_view command) {
  Request request;
  request.arguments = words_of(command);
  if (request.arguments.empty()) return fail(format("no command; there are: {}", kCommands));
  request.verb = request.arguments.front();
  request.arguments.erase(request.arguments.begin());
  if (!request.arguments.empty()) {
    const auto* name = std::ranges::find(kNames, request.arguments.front());
    if (name != kNames.end()) {
      request.chosen[static_cast<std::size_t>(name == kNames.begin() ? 1 : 0)] = false;
      request.arguments.erase(request.arguments.begin());
    }
  }
  if (request.verb == "stats" && request.arguments.empty()) {
    // The transmitter is lazy: bring it up to date, so that the numbers are those of now.
    for (Direction& direction : directions_) direction.change(now, direction.settings());
    return R"({"ok":true,)" + statistics_json(now).substr(1);
  }
  if (request.verb == "quit" && request.arguments.empty()) {
    quit_requested_ = true;
    return R"({"ok":true})";
  }
  const auto done = request.verb == "set" ? set(now, request) : change_state(now, request);
  if (!done) return std::unexpected(done.error());
  return R"({"ok":true})";
}

Result<void> Link::set(TimePoint now, const Request& request) {
  if (request.arguments.empty()) return fail("set what? Write: set rate=10mbit loss=0.1%");
  std::array<DirectionSettings, 2> wanted{directions_[0].settings(), directions_[1].settings()};
  for (const std::string_view argument : request.arguments) {
    const auto equals = argument.find('=');
    if (equals == argument.npos) return fail(format("\"{}\" is not KEY=VALUE", argument));
    for (std::size_t index = 0; index < wanted.size(); ++index) {
      if (!request.chosen[index]) continue;
      const auto applied =
          apply_setting(wanted[index], argument.substr(0, equals), argument.substr(equals + 1));
      if (!applied) return applied;
    }
  }
  for (std::size_t index = 0; index < wanted.size(); ++index) {
    if (request.chosen[index]) directions_[index].change(now, wanted[index]);
  }
  return {};
}

Result<void> Link::change_state(TimePoint now, const Request& request) {
  Duration length{0};
  if (request.verb == "outage") {
    if (request.arguments.size() != 1) return fail("how long? Write: outage 10s");
    const auto parsed = parse_duration(request.arguments.front());
    if (!parsed) return std::unexpected(parsed.error());
    length = *parsed;
  } else if ((request.verb != "down" && request.verb != "up") || !request.arguments.empty()) {
    return fail(format("not understood; there are: {}", kCommands));
  }
  for (std::size_t index = 0; index < directions_.size(); ++index) {
    if (!request.chosen[index]) continue;
    if (request.verb == "down") directions_[index].down(now);
    if (request.verb == "up") directions_[index].up(now);
    if (request.verb == "outage") directions_[index].outage(now, length);
  }
  return {};
}

std::string Link::statistics_json(TimePoint now) const {
  return format(R"({{"uptime_s":{:.3f},"a2b":{},"b2a":{}}})", milliseconds(now - start_) / 1e3,
                json_of(directions_[0]), json_of(directions_[1]));
}

std::string Link::statistics_text() const {
  std::string text;
  for (std::size_t index = 0; index < directions_.size(); ++index) {
    const DirectionStatistics& seen = directions_[index].statistics();
    text += format(
        "{}: {} packets ({} bytes) in, {} ({} bytes) out; lost: {} by chance, {} to the queue, "
        "{} to {} outages; late by {:.0f} us on average, {:.0f} us at most\n",
        kNames[index], seen.in_packets, seen.in_bytes, seen.out_packets, seen.out_bytes,
        seen.lost_by_chance, seen.lost_to_queue, seen.lost_to_outage, seen.outages,
        seen.lateness.mean_us(), seen.lateness.max_us());
  }
  return text;
}

}  // namespace longthrow::wanlink
