// SPDX-License-Identifier: Apache-2.0
// What the channels of one route mean together, see stream_guide.h. Pure.
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
  // What is known of channels that are gone is forgotten: the route has left the configuration.
  virtual void forget_past() = 0;
  [[nodiscard]] virtual std::unique_ptr<StreamGuide> guide(StreamHost& host, Opener opener) = 0;

  // New channels may begin.
  [[nodiscard]] virtual bool may_open() const { return true; }
  // Why the copy is not to be used; "" if nothing is against it.
  [[nodiscard]] virtual std::string trouble() const { return {}; }
  // Why it is not known whether it may; "" if it is known. Of a route that carries.
  [[nodiscard]] virtual std::string unknown() const { return {}; }
  // What arrives makes our copy no newer.
  [[nodiscard]] virtual bool stands_still() const { return false; }
  // What is encrypted inside does not compress: how it is, or "".
  [[nodiscard]] virtual std::string_view inner_encryption() const { return {}; }
  virtual void fill(RouteStatus&, TimePoint) const {}
  // A line for the log, in the order in which they came; "": there is none.
  [[nodiscard]] virtual std::string poll_line() { return {}; }
};

}  // namespace longthrow
