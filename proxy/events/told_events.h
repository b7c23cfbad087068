// SPDX-License-Identifier: Apache-2.0
// Events of what is told of a node otherwise than by its status. Pure.
#pragma once

#include <optional>

#include "longthrow/events.h"
#include "longthrow/losses.h"
#include "longthrow/node.h"

namespace longthrow {

[[nodiscard]] Event event_of(const Loss& loss);
// Of the last answer to a command. Nothing: it is no event, or the status shows it. The name that
// the command was given, of a link or a group, is its group.
[[nodiscard]] std::optional<Event> event_of(const Command& command, const Answer& answer);

}  // namespace longthrow
