// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "longthrow/loop.h"
#include "longthrow/losses.h"
#include "proxy/legs/leg_end.h"

namespace longthrow {

// Told by an outlet, on the loop's thread.
class OutletOwner {
 public:
  virtual ~OutletOwner() = default;
  // The program has these bytes, in its kernel.
  virtual void on_handed_over(std::uint64_t bytes) = 0;
  // All below `offset` is acknowledged by the program's TCP.
  virtual void on_delivered(std::uint64_t offset) = 0;
  // Nothing can be written any more.
  virtual void on_write_failed() = 0;
  // The guide has seen bytes that are handed over.
  virtual void on_shown() = 0;
  // An answer may be given in the stead of the peer's program.
  [[nodiscard]] virtual bool may_answer() const = 0;
  // Nothing can be written now: what is known of the leg's ends.
  [[nodiscard]] virtual LegFacts facts() const = 0;
  [[nodiscard]] virtual Duration abort_linger() const = 0;
  // Nothing that the peer wants waits unread in the leg: a reset would destroy it.
  [[nodiscard]] virtual bool all_read() const = 0;
  // The leg is to be closed.
  virtual void on_leg_over(CloseMode mode, LossCause cause) = 0;
  [[nodiscard]] virtual bool attached() const = 0;
};

}  // namespace longthrow
