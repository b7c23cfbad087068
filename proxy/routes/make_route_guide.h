// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "proxy/guides/route_guide.h"

namespace longthrow {

[[nodiscard]] std::shared_ptr<RouteGuide> make_route_guide(RouteProtocol protocol);

}  // namespace longthrow
