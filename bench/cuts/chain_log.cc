// SPDX-License-Identifier: Apache-2.0
#include "bench/cuts/chain_log.h"

#include <algorithm>
#include <limits>

namespace longthrow {

ChainLog::ChainLog(std::size_t streams, std::uint64_t record_bytes)
    : record_bytes_(record_bytes), streams_(streams) {
  for (Stream& stream : streams_) {
    stream.numbers = std::make_unique<std::atomic<std::uint64_t>[]>(kKept);
  }
}

void ChainLog::plan(std::size_t stream) {
  Stream& to = streams_[stream];
  const std::uint64_t record = to.records.load(std::memory_order_relaxed);
  const std::uint64_t number = next_.load(std::memory_order_relaxed);
  to.numbers[record % kKept].store(number, std::memory_order_release);
  to.records.store(record + 1, std::memory_order_release);
  next_.store(number + 1, std::memory_order_relaxed);
}

// The ring is overwritten from the record kKept before the newest on; the newest one may be under
// way.
bool ChainLog::find(const Stream& stream, std::uint64_t record, std::uint64_t& number) {
  number = stream.numbers[record % kKept].load(std::memory_order_acquire);
  return stream.records.load(std::memory_order_acquire) < record + kKept;
}

CutCheck ChainLog::check(const std::vector<ChannelOffset>& cut) const {
  std::uint64_t last_touched = 0;
  std::uint64_t first_lacking = std::numeric_limits<std::uint64_t>::max();
  for (const auto& [channel, offset] : cut) {
    const Stream& stream = streams_[channel];
    const std::uint64_t planned = stream.records.load(std::memory_order_acquire);
    std::uint64_t number = 0;
    if (offset > planned * record_bytes_) return CutCheck::violated;
    if (offset > 0) {
      if (!find(stream, (offset - 1) / record_bytes_, number)) return CutCheck::unchecked;
      last_touched = std::max(last_touched, number);
    }
    const std::uint64_t lacking = offset / record_bytes_;
    if (lacking < planned) {
      if (!find(stream, lacking, number)) return CutCheck::unchecked;
      first_lacking = std::min(first_lacking, number);
    }
  }
  return first_lacking < last_touched ? CutCheck::violated : CutCheck::whole;
}

}  // namespace longthrow
