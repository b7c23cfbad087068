// SPDX-License-Identifier: Apache-2.0
// Bulk lanes at the pace of the WAN: how they fare is measured, the pacer judges, the kernel paces.
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

  // While another route's bytes, or an express channel's, may come, bulk is not to fill the queue
  // in front of them.
  void set_wanted(bool wanted) { wanted_ = wanted; }
  // Bulk goes out. Pacing ends by itself when there is none any more.
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
