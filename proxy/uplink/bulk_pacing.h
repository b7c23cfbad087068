// SPDX-License-Identifier: Apache-2.0
// Keeps the bulk lanes at the pace of the WAN: this class measures the lanes, the Pacer chooses a
// rate, and the kernel paces.
#pragma once

#include "longthrow/loop.h"
#include "proxy/uplink/lane_set.h"
#include "proxy/uplink/pacer.h"

namespace longthrow {

// Belongs to the loop's thread; `lanes` outlives it.
class BulkPacing {
 public:
  BulkPacing(Loop& loop, const LaneSet& lanes);
  ~BulkPacing() { loop_.disarm(timer_); }
  BulkPacing(const BulkPacing&) = delete;
  BulkPacing& operator=(const BulkPacing&) = delete;

  enum class Queue : std::uint8_t {
    may_fill,
    stays_short,  // bytes of another route, or of an express channel, may come behind bulk
  };
  void set_queue(Queue queue) { queue_ = queue; }
  // Call it when bulk goes out. Pacing ends by itself when none goes out any more.
  void on_bulk_sent();

 private:
  void on_timer();
  [[nodiscard]] Pacer::Sample measure() const;

  Loop& loop_;
  const LaneSet& lanes_;
  Queue queue_ = Queue::may_fill;
  bool limited_ = false;  // the lanes have a limit now
  Pacer pacer_;
  Timer timer_;
};

}  // namespace longthrow
