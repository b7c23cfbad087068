// SPDX-License-Identifier: Apache-2.0
#include "tools/wanlink/statistics.h"

#include <algorithm>
#include <bit>

namespace longthrow::wanlink {

void Lateness::record(Duration late) {
  const auto us = static_cast<std::uint64_t>(late.count()) / 1000;
  ++buckets_[std::min<std::size_t>(std::bit_width(us), buckets_.size() - 1)];
  ++count_;
  sum_ += late;
  max_ = std::max(max_, late);
}

double Lateness::mean_us() const {
  return count_ == 0 ? 0.0 : static_cast<double>(sum_.count()) / 1e3 / static_cast<double>(count_);
}

double Lateness::max_us() const { return static_cast<double>(max_.count()) / 1e3; }

double Lateness::p99_us() const {
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    seen += buckets_[bucket];
    if (seen * 100 < count_ * 99) continue;
    return std::min(max_us(), static_cast<double>(std::uint64_t{1} << bucket));
  }
  return 0.0;
}

}  // namespace longthrow::wanlink
