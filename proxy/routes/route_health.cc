// SPDX-License-Identifier: Apache-2.0
#include "proxy/routes/route_health.h"

#include <algorithm>

#include "proxy/base/log.h"
#include "proxy/base/marks.h"
#include "proxy/base/planted.h"

namespace longthrow {

void RouteHealth::on_end(const ChannelEnd& end) {
  carried_ = true;
  using enum ChannelEnd::How;
  const bool is_trifle = end.lost_bytes < kTrifleBytes;
  if (end.how == in_order && end.lost_bytes == 0) return;
  if (end.how == half_in_order && is_trifle) return;
  if (end.how == aborted && end.lost_bytes == 0) return;
  // The last answers to an old primary are no loss to the copy here.
  const bool minor = weigh_loss(end.how, end.lost_bytes, end.to_peer_bytes) == LossWeight::minor;
  if (end.how == taken && minor) return;
  std::optional<Loss>& kept = minor ? trifle_ : loss_;
  if (!kept) kept = Loss{};
  kept->bytes += end.lost_bytes;
  kept->lacking.bytes += end.to_peer_bytes;
  if (end.to_peer_bytes > 0 && end.oldest_at) {
    kept->lacking.oldest_at =
        std::min(kept->lacking.oldest_at.value_or(*end.oldest_at), *end.oldest_at);
  }
  kept->newest_serial = end.newest_serial;
  kept->reason = end.reason;
}

void RouteHealth::on_whole_channel(std::uint64_t serial) {
  carried_ = true;
  if (trifle_) note_reached(Mark::trifle_made_good);
  trifle_.reset();
  const bool heals = planted(Plant::old_channel_heals) || (loss_ && serial > loss_->newest_serial);
  if (heals) loss_.reset();
}

RouteHealth::Lacking RouteHealth::lacking() const { return loss_ ? loss_->lacking : Lacking{}; }

void RouteHealth::observe(std::span<const OpenChannel> channels) {
  for (const OpenChannel& channel : channels) {
    if (channel.carried_bytes == 0) continue;
    carried_ = true;
    trifle_.reset();
    if (loss_ && channel.serial > loss_->newest_serial && channel.waiting_bytes == 0) loss_.reset();
  }
}

std::string RouteHealth::trouble(RouteProtocol protocol, std::size_t open_channels) const {
  if (const auto& lost = loss_ ? loss_ : trifle_) {
    const std::string bytes =
        lost->bytes == 0 ? "a channel was aborted" : format("{} bytes were lost", lost->bytes);
    return format("{}: {}; no newer connection of it has caught up", bytes, lost->reason);
  }
  if (protocol == RouteProtocol::drbd && carried_ && open_channels == 0) {
    return "it has carried channels and has none now: nothing is being replicated";
  }
  return {};
}

}  // namespace longthrow
