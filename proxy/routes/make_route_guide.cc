// SPDX-License-Identifier: Apache-2.0
#include "proxy/routes/make_route_guide.h"

#include "proxy/drbd/drbd_route.h"
#include "proxy/guides/plain_guide.h"

namespace longthrow {

std::shared_ptr<RouteGuide> make_route_guide(RouteProtocol protocol) {
  switch (protocol) {
    case RouteProtocol::drbd:
      return std::make_shared<drbd::DrbdRoute>();
    case RouteProtocol::tcp:
      break;
  }
  return std::make_shared<PlainRoute>();
}

}  // namespace longthrow
