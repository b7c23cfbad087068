// SPDX-License-Identifier: Apache-2.0
// The file is text, as that of the losses is: a person who finds it on a disk without its node can
// read it. A field without a value is "-".
#include "proxy/events/event_file.h"

#include <optional>
#include <sstream>

#include "proxy/base/log.h"
#include "proxy/base/sealed_text.h"

namespace longthrow {
namespace {

constexpr std::string_view kHead = "events";
constexpr std::string_view kEvent = "event";
constexpr std::uint64_t kSeed = 0x6576656e74733031;

std::int64_t ns_of(WallTime time) { return time.time_since_epoch().count(); }
std::string word(const std::string& name) { return name.empty() ? "-" : name; }
std::string name_of(const std::string& word) { return word == "-" ? "" : word; }

std::optional<Event> parse_event(std::istringstream& in) {
  Event event;
  std::int64_t at_ns = 0;
  std::string code;
  std::string weight;
  in >> event.number >> at_ns >> code >> weight >> event.link >> event.group >> event.left_out;
  const auto known_code = parse_word<EventCode>(code);
  const auto known_weight = parse_word<EventWeight>(weight);
  if (!in || !known_code || !known_weight) return std::nullopt;
  in.ignore(1);
  std::getline(in, event.text);
  event.at = WallTime(Duration(at_ns));
  event.code = *known_code;
  event.weight = *known_weight;
  event.link = name_of(event.link);
  event.group = name_of(event.group);
  return event;
}

bool parse_line(std::string_view line, EventBook::Kept& kept) {
  std::istringstream in{std::string(line)};
  std::string kind;
  in >> kind;
  if (kind == kEvent) {
    auto event = parse_event(in);
    if (event) kept.events.push_back(*std::move(event));
    return event.has_value();
  }
  std::int64_t since_ns = 0;
  if (kind != kHead || !(in >> since_ns >> kept.forgotten)) return false;
  kept.since = WallTime(Duration(since_ns));
  return true;
}

}  // namespace

std::string event_file_of(const std::string& state_dir) { return state_dir + "/events"; }

std::string event_line(const Event& event) {
  return sealed_line(format("{} {} {} {} {} {} {} {} {}", kEvent, event.number, ns_of(event.at),
                            to_string(event.code), to_string(event.weight), word(event.link),
                            word(event.group), event.left_out, event.text),
                     kSeed);
}

std::string whole_event_file(const EventBook::Kept& kept) {
  std::string text =
      sealed_line(format("{} {} {}", kHead, ns_of(kept.since), kept.forgotten), kSeed);
  for (const Event& event : kept.events) text += event_line(event);
  return text;
}

EventFileContents parse_event_file(std::string_view text) {
  EventFileContents contents;
  contents.damaged_lines = take_sealed_lines(
      text, kSeed, [&](std::string_view line) { return parse_line(line, contents.kept); });
  if (contents.kept.since == WallTime{} && !contents.kept.events.empty())
    contents.kept.since = contents.kept.events.front().at;
  return contents;
}

}  // namespace longthrow
