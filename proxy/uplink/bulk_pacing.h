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

  // Set it when bytes of another route, or of an express channel, may come: bulk must not fill the
  // queue in front of them.
  void set_wanted(bool wanted) { wanted_ = wanted; }
  // Call it when bulk goes out. Pacing ends by itself when none goes out any more.
  void on_bulk_sent();

 private:
  void on_timer();
  [[nodiscard]] Pacer::Sample measure() const;

  Loop& loop_;
  const LaneSet& lanes_;
  bool wanted_ = false;
  bool limited_ = false;  // the lanes have a limit now
  Pacer pacer_;
  Timer timer_;
};

}  // namespace longthrow
