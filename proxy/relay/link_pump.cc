// SPDX-License-Identifier: Apache-2.0
// The data path. Sending: slab -> block -> frame (codec) -> session -> lane. Receiving: lane ->
// frame -> verified bytes -> session -> leg. Nothing here waits: every step is taken when its
// resources are there, and pump() runs whenever something may have become possible.
#include <algorithm>

#include "proxy/relay/link.h"
#include "proxy/session/credit_shares.h"

namespace longthrow {

void Link::wake() {
  Loop& loop = context_.parts.loop;
  if (!beat_.pump.armed() && !stops_.stopped()) loop.arm(beat_.pump, loop.now());
}

void Link::pump() {
  if (stops_.stopped()) return;
  Loop& loop = context_.parts.loop;
  handle_events();
  buffer_.ingest().store_parked();
  buffer_.ingest().serve_waiting();
  buffer_.ingest().make_frames();
  if (peer_.session() != nullptr) {
    if (const auto again_at = peer_.send()) loop.arm(beat_.control, *again_at);
  }
  handle_events();
  const Session* session = peer_.session();
  if (session == nullptr) return;
  watch_partials();
  // Without room on the express lane the session can say nothing: on_lane_room will wake us.
  const Lane* express = peer_.uplink().lanes().express();
  const bool may_say = express != nullptr && express->has_room();
  if (may_say && session->next_timeout() != kNever)
    loop.arm(beat_.control, std::max(session->next_timeout(), loop.now()));
}

void Link::handle_events() {
  while (Session* session = peer_.session()) {
    const auto event = session->poll_event();
    if (!event) {
      if (session->take_checkpoint_news()) checkpoints_.on_news();
      return;
    }
    channels_.on_event(*event);
  }
}

Ingest::Outlook Link::outlook() const {
  return {.up = peer_.uplink().up(),
          .bulk_has_room = peer_.uplink().lanes().bulk_has_room(),
          .drained_bytes_s = numbers_.rates().out_bytes_s(),
          .now = context_.parts.loop.now()};
}

void Link::watch_partials() {
  if (beat_.partial.armed() || !buffer_.ingest().partials_wait()) return;
  context_.parts.loop.arm(beat_.partial, context_.parts.loop.now() + Ingest::kPartialAge);
}

void Link::on_partial_timer() {
  buffer_.ingest().close_old_partials(context_.parts.loop.now());
  watch_partials();
}

// --- memory

// The peer may still use credit that it has been given. The receive share is lowered only as far as
// that credit fits.
void Link::approach_memlimit() {
  SendShare& share = buffer_.ingest().share();
  if (buffer_.arena().memlimit_bytes() <= share.memlimit_bytes()) return;
  // Comes first: promised_charge_bytes() must reckon with the window that is granted from now on.
  update_receive_window();
  const Session* session = peer_.session();
  const std::uint64_t promised = session != nullptr ? session->promised_charge_bytes() : 0;
  share.approach(buffer_.arena().used_bytes(Share::receive) + promised);
  update_receive_window();
}

void Link::update_receive_window() {
  if (peer_.session() == nullptr) return;
  const std::uint64_t share = std::min<std::uint64_t>(
      buffer_.arena().limit_bytes(Share::receive), buffer_.ingest().share().memlimit_bytes() / 4);
  // Channels of earlier sessions still hold this part of the share; this session cannot have it.
  std::uint64_t held = 0;
  for (const auto& [serial, channel] : channels_.all()) {
    if (!channel->attached()) held += channel->core().in.held_charge_bytes();
  }
  const std::uint64_t free = share > held ? share - held : 0;
  peer_.session()->set_receive_window(group_window_bytes(free, routes_.count_groups()), free);
}

}  // namespace longthrow
