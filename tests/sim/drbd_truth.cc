// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/drbd_truth.h"

#include <algorithm>

#include "proxy/base/log.h"
#include "tests/sim/pattern.h"

namespace longthrow::sim {
namespace {
constexpr std::size_t kViolationsMax = 20;
}  // namespace

DrbdWrite DrbdTruth::write(DrbdBlock block) {
  order_.push_back(block);
  return primary.at(block) = order_.size();
}

void DrbdTruth::fill(DrbdWrite write, ByteSpan block) {
  fill_pattern(write | kCompressibleBit, 0, block);
}

void DrbdTruth::apply(DrbdBlock block, DrbdWrite write, ByteView content, How how) {
  if (block >= secondary.size() || write > writes() || (write > 0 && block_of(write) != block))
    return violate(format("write {} does not belong into block {}", write, block));
  if (content.size() != kBlockBytes || pattern_mismatch(write | kCompressibleBit, 0, content))
    return violate(format("write {} has arrived damaged", write));
  DrbdWrite& there = secondary[block];
  if (write < there || (how == How::mirrored && write == there))
    violate(format("write {} has come after write {} of the same block", write, there));
  there = write;
}

void DrbdTruth::judge_told(DrbdWrite write, const std::string& how) {
  const DrbdBlock block = block_of(write);
  if (secondary.at(block) < write) {
    violate(format("{} says that write {} is on the peer's disk; block {} there is of write {}",
                   how, write, block, secondary[block]));
  }
}

std::optional<DrbdWrite> DrbdTruth::prefix() const {
  const DrbdWrite last = std::ranges::max(secondary);
  DrbdImage then(secondary.size());
  for (DrbdWrite write = 1; write <= last; ++write) then[block_of(write)] = write;
  return then == secondary ? std::optional(last) : std::nullopt;
}

void DrbdTruth::judge_prefix(const std::string& when) {
  if (!prefix()) violate(format("the secondary's disk shows no moment of the primary's {}", when));
}

void DrbdTruth::violate(std::string what) {
  if (violations_.size() < kViolationsMax) violations_.push_back(std::move(what));
}

}  // namespace longthrow::sim
