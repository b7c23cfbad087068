// SPDX-License-Identifier: Apache-2.0
// Judges whether the copies can be trusted, route by route: a group is as good as its worst route.
#pragma once

#include <string>
#include <vector>

#include "longthrow/status.h"
#include "proxy/routes/route_table.h"
#include "proxy/session/session.h"

namespace longthrow {

// Called every tick. A route's loss is over when a channel that came after it has caught up.
void observe_health(Route& route);
// Fills in whether the group's copy is consistent, and if not, why. `session`: null if there is
// none.
void judge_group(const Group& group, const RouteTable& routes, const Session* session,
                 GroupStatus& status);

// An administrator vouches for the group's copies. Returns what stood against them and no longer
// does, a text each.
[[nodiscard]] std::vector<std::string> accept_copies(Group& group, const RouteTable& routes);

}  // namespace longthrow
