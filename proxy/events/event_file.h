// SPDX-License-Identifier: Apache-2.0
// The history of events as a file of the state directory: one line for each event, with a checksum.
// New events are appended. When the history forgets its oldest events, the file is written anew.
// Pure.
#pragma once

#include <string>
#include <string_view>

#include "proxy/events/event_book.h"

namespace longthrow {

struct EventFileContents {
  EventBook::Kept kept;
  std::size_t damaged_lines = 0;
};

[[nodiscard]] std::string event_file_of(const std::string& state_dir);
// These return lines with their line ends.
[[nodiscard]] std::string event_line(const Event& event);
[[nodiscard]] std::string whole_event_file(const EventBook::Kept& kept);
// Returns all that can be understood. `since` of an empty text is the epoch.
[[nodiscard]] EventFileContents parse_event_file(std::string_view text);

}  // namespace longthrow
