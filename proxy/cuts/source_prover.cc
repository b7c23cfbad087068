// SPDX-License-Identifier: Apache-2.0
#include "proxy/cuts/source_prover.h"

#include <algorithm>
#include <limits>
#include <ranges>

namespace longthrow {
namespace {

constexpr std::uint64_t kUnbounded = std::numeric_limits<std::uint64_t>::max();

// acknowledged + queued - fins, or 0 where that would be negative: a true position is never.
std::uint64_t sum(std::uint64_t acknowledged, std::int32_t queued, unsigned fins) {
  const std::int64_t change = std::int64_t{queued} - fins;
  if (change >= 0) return acknowledged + static_cast<std::uint64_t>(change);
  const auto less = static_cast<std::uint64_t>(-change);
  return acknowledged > less ? acknowledged - less : 0;
}

}  // namespace

void SourceProver::end(std::uint64_t channel, std::uint64_t offset) {
  const auto found = members_.find(channel);
  if (found == members_.end()) return;
  found->second.last = offset;
  found->second.low = offset;
}

// A FIN is a byte of the position. A source that closes sets its state, queues its FIN, and only
// then gives up the socket's lock. A reading looks at the state after `queued`, and takes the lock
// after that. So in the state `open` there was no FIN; in the first reading that says `closing` it
// may be there or not; and in those after it, it is there.
SourceProver::Bounds SourceProver::take(const SourceReading& reading, Member& member) {
  Bounds bounds{.member = &member, .low_before = member.low, .high = kUnbounded};
  member.state = reading.state;
  if (member.last || !has_position(reading.state)) return bounds;
  const bool closing = reading.state == SourceState::closing;
  const unsigned fins_max = closing ? 1 : 0;
  const unsigned fins_min = closing && member.closing ? 1 : 0;
  if (member.acknowledged) {
    member.low = std::max(member.low, sum(*member.acknowledged, reading.queued, fins_max));
  }
  bounds.high = sum(reading.acknowledged, reading.queued, fins_min);
  member.acknowledged = reading.acknowledged;
  member.closing = closing;
  if (fins_min == 1 && member.low == bounds.high) member.last = member.low;
  return bounds;
}

std::vector<SourceProver::Bounds> SourceProver::take_all(std::span<const SourceReading> readings) {
  for (auto& [channel, member] : members_) member.state = SourceState::unanswered;
  std::vector<Bounds> bounds;
  bounds.reserve(readings.size());
  for (const SourceReading& reading : readings) {
    const auto found = members_.find(reading.channel);
    if (found != members_.end()) bounds.push_back(take(reading, found->second));
  }
  return bounds;
}

std::vector<ChannelOffset> SourceProver::offsets() const {
  std::vector<ChannelOffset> offsets;
  offsets.reserve(members_.size());
  for (const auto& [channel, member] : members_) offsets.push_back({channel, member.low_at});
  return offsets;
}

NotProven SourceProver::why_not() const {
  std::optional<NotProven> closing;
  NotProven moving{};
  for (const auto& [channel, member] : members_) {
    if (member.last) continue;
    const NotProven why{CutObstacle::unreadable, channel, member.state};
    if (!has_position(member.state)) return why;
    if (member.state == SourceState::closing) closing = why;
    moving = why;
  }
  if (!closing) {
    moving.obstacle = CutObstacle::moving;
    return moving;
  }
  closing->obstacle = CutObstacle::closing;
  return *closing;
}

// The moment T goes back from the last reading to the first. On the way `high_at` takes in the
// reading at T, and `low_at` gives up those after T.
SourceProver::Verdict SourceProver::judge(std::span<const SourceReading> readings) {
  const std::vector<Bounds> bounds = take_all(readings);
  std::size_t known = 0;
  for (auto& [channel, member] : members_) {
    member.low_at = member.low;
    member.high_at = member.last.value_or(kUnbounded);
    if (member.known()) ++known;
  }
  for (const Bounds& reading : std::views::reverse(bounds)) {
    Member& member = *reading.member;
    if (member.known()) --known;
    member.high_at = std::min(member.high_at, reading.high);
    if (member.known()) ++known;
    if (known == members_.size()) return offsets();
    if (member.known()) --known;
    member.low_at = reading.low_before;
    if (member.known()) ++known;
  }
  if (bounds.empty() && known == members_.size()) return offsets();
  return std::unexpected(why_not());
}

}  // namespace longthrow
