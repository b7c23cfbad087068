// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "longthrow/loop.h"
#include "longthrow/losses.h"
#include "proxy/legs/leg_end.h"

namespace longthrow {

// Called by an outlet, on the loop's thread.
class OutletOwner {
 public:
  virtual ~OutletOwner() = default;
  // The leg's kernel has these bytes.
  virtual void on_handed_over(std::uint64_t bytes) = 0;
  // The leg's TCP has acknowledged all bytes below `offset`.
  virtual void on_delivered(std::uint64_t offset) = 0;
  // Nothing can be written any more.
  virtual void on_write_failed() = 0;
  // The guide has seen bytes that are handed over.
  virtual void on_shown() = 0;
  // Whether the guide may answer in place of the peer's program.
  [[nodiscard]] virtual bool may_answer() const = 0;
  // Asked when nothing can be written now: what is known of the ends. The outlet fills in the rest.
  [[nodiscard]] virtual LegFacts facts() const = 0;
  [[nodiscard]] virtual Duration abort_linger() const = 0;
  // Whether nothing that the peer wants waits unread in the leg: a reset would destroy it.
  [[nodiscard]] virtual bool all_read() const = 0;
  // The owner must close the leg.
  virtual void on_leg_over(CloseMode mode, LossCause cause) = 0;
  [[nodiscard]] virtual bool attached() const = 0;
};

}  // namespace longthrow
