// SPDX-License-Identifier: Apache-2.0
// The lanes of a link that stand: one express lane, and bulk lanes by index.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>

#include "proxy/uplink/lane.h"

namespace longthrow {

// Owns the lanes. Belongs to the loop's thread.
class LaneSet {
 public:
  using BulkLanes = std::map<std::uint16_t, std::unique_ptr<Lane>>;

  // Null: the link is down.
  [[nodiscard]] Lane* express() const { return express_.get(); }
  [[nodiscard]] const BulkLanes& bulk() const { return bulk_; }
  [[nodiscard]] Lane* find_bulk(std::uint16_t index) const {
    const auto found = bulk_.find(index);
    return found == bulk_.end() ? nullptr : found->second.get();
  }
  [[nodiscard]] bool bulk_has_room() const {
    return std::ranges::any_of(bulk_, [](const auto& entry) { return entry.second->has_room(); });
  }

  // Adds a lane under a new id, as the express lane, or as a bulk lane by its index. REQUIRES: its
  // place is free.
  void add(std::unique_ptr<Lane> lane) {
    lane->id = next_id_++;
    lane->trust();
    auto& place = lane->index == 0 ? express_ : bulk_[lane->index];
    LT_ASSERT(place == nullptr);
    peer_certificate_ends_ = lane->engine().peer_certificate_ends();
    place = std::move(lane);
  }
  // Takes `lane` out; its bytes still count in the sums. REQUIRES: it is in the set.
  [[nodiscard]] std::unique_ptr<Lane> take(Lane& lane) {
    gone_sent_bytes_ += lane.sent_bytes;
    gone_received_bytes_ += lane.received_bytes;
    if (&lane == express_.get()) return std::move(express_);
    return std::move(bulk_.extract(lane.index).mapped());
  }
  // The bulk lane whose turn it is. REQUIRES: there is one.
  [[nodiscard]] Lane& next_bulk() {
    auto lane = bulk_.upper_bound(last_turn_);
    if (lane == bulk_.end()) lane = bulk_.begin();
    last_turn_ = lane->first;
    return *lane->second;
  }

  // Counts the end of a lane, or of a connection that was to become one, if the peer broke the
  // protocol.
  void count_end(ErrorCode code) { protocol_errors_ += code == ErrorCode::protocol ? 1 : 0; }
  [[nodiscard]] std::uint64_t protocol_errors() const { return protocol_errors_; }

  // When the certificate expires that the peer has shown last, also while the link is down.
  // Nothing: it showed none.
  [[nodiscard]] std::optional<WallTime> peer_certificate_ends() const {
    return peer_certificate_ends_;
  }

  // Bytes on the wire, also those of lanes that are gone.
  [[nodiscard]] std::uint64_t sent_bytes() const {
    std::uint64_t bytes = gone_sent_bytes_ + (express_ ? express_->sent_bytes : 0);
    for (const auto& [index, lane] : bulk_) bytes += lane->sent_bytes;
    return bytes;
  }
  [[nodiscard]] std::uint64_t received_bytes() const {
    std::uint64_t bytes = gone_received_bytes_ + (express_ ? express_->received_bytes : 0);
    for (const auto& [index, lane] : bulk_) bytes += lane->received_bytes;
    return bytes;
  }

 private:
  std::unique_ptr<Lane> express_;
  BulkLanes bulk_;
  std::uint16_t last_turn_ = 0;
  LaneId next_id_ = 1;
  std::uint64_t protocol_errors_ = 0;
  std::optional<WallTime> peer_certificate_ends_;
  std::uint64_t gone_sent_bytes_ = 0;
  std::uint64_t gone_received_bytes_ = 0;
};

}  // namespace longthrow
