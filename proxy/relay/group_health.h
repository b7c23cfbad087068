// SPDX-License-Identifier: Apache-2.0
// Can the copies be trusted? Judged route by route: a group is as good as its worst route.
#pragma once

#include <string>

#include "longthrow/status.h"
#include "proxy/routes/route_table.h"
#include "proxy/session/session.h"

namespace longthrow {

// Every tick: a loss is over when a channel that came after it has caught up.
void observe_health(Route& route);
// Fills in whether the group's copy is consistent, and why not. `session`: null if there is none.
void judge_group(const Group& group, const RouteTable& routes, const Session* session,
                 GroupStatus& status);

}  // namespace longthrow
