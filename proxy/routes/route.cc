// SPDX-License-Identifier: Apache-2.0
#include "proxy/routes/route.h"

#include "proxy/routes/make_route_guide.h"

namespace longthrow {

Route::Route(std::string its_name)
    : name(std::move(its_name)), guide(make_route_guide(RouteProtocol::tcp)) {}

void Route::configure(const RouteConfig& its_config, Group& its_group) {
  if (its_config.protocol != config.protocol) guide = make_route_guide(its_config.protocol);
  guide->configure(its_config);
  config = its_config;
  group = &its_group;
}

void Route::leave_configuration() {
  group = nullptr;
  door = {};
  trouble = {};
  inner_encryption = {};
  channels_total = 0;
  health = {};
  guide->forget_past();
}

}  // namespace longthrow
