// SPDX-License-Identifier: Apache-2.0
#include "proxy/base/log.h"
#include "proxy/cuts/cut.h"

namespace longthrow {

std::string describe(const NotProven& why) {
  switch (why.obstacle) {
    case CutObstacle::moving:
      return "its sources write all the time";
    case CutObstacle::closing:
      return "a source ends its connection";
    case CutObstacle::unreadable:
      break;
  }
  return format("the socket of a source cannot be read: {}",
                kSourceStates[static_cast<std::size_t>(why.state)]);
}

}  // namespace longthrow
