// SPDX-License-Identifier: Apache-2.0
// What the channels of one route mean together; see stream_guide.h. Pure.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "longthrow/config.h"
#include "longthrow/status.h"
#include "longthrow/time.h"
#include "proxy/guides/stream_guide.h"

namespace longthrow {

// Belongs to the loop's thread; its stream guides keep it alive.
class RouteGuide : public std::enable_shared_from_this<RouteGuide> {
 public:
  virtual ~RouteGuide() = default;

  virtual void configure(const RouteConfig& config) = 0;
  // The route has left the configuration: forgets what is known of channels that are gone.
  virtual void forget_past() = 0;
  [[nodiscard]] virtual std::unique_ptr<StreamGuide> guide(StreamHost& host, Opener opener) = 0;

  // Whether new channels may begin.
  [[nodiscard]] virtual bool may_open() const { return true; }
  // Why the copy cannot be trusted; "": no reason is known.
  [[nodiscard]] virtual std::string trouble() const { return {}; }
  // Why it is not known whether the copy can be trusted; "": it is known. Asked only of a route
  // that has carried bytes.
  [[nodiscard]] virtual std::string unknown() const { return {}; }
  // Whether the copy stays as old as it is, whatever arrives.
  [[nodiscard]] virtual bool stands_still() const { return false; }
  // How the connections are encrypted inside, so that they do not compress; "": they are not.
  [[nodiscard]] virtual std::string_view inner_encryption() const { return {}; }
  virtual void fill(RouteStatus&, TimePoint) const {}
  // The next line for the log, in order; "": there is none.
  [[nodiscard]] virtual std::string poll_line() { return {}; }
};

}  // namespace longthrow
