// SPDX-License-Identifier: Apache-2.0
// Routes of protocol drbd: which channels belong together, when a new pair may begin, and what DRBD
// says of its disks.
#pragma once

#include <string>

#include "longthrow/status.h"
#include "proxy/legs/channel.h"
#include "proxy/routes/route.h"

namespace longthrow {

// The meta stream that `data` belongs to; null: there is none yet.
[[nodiscard]] Channel* meta_for(const Channel& data);
// A new handshake is not let in behind the backlog of an old connection: DRBD would wait for
// answers that come when that is drained, and give up. Refused, it tries again.
[[nodiscard]] bool old_pair_lives(const Route& route);
// Of a channel that is to be forgotten.
void keep_drbd_numbers(const Channel& channel);
// The last word of each, also after the connection that said it: an interrupted resync stays one.
[[nodiscard]] drbd::DisksByVolume disks_of(const Route& route);
// Why DRBD's copies are not to be used; "" if nothing is against it.
[[nodiscard]] std::string disk_trouble(const Route& route);
// DRBD carries and does not tell of its disks, or not in words that are known here; "" if it does.
[[nodiscard]] std::string unreadable_disks(const Route& route);
// Its DRBD has stopped mirroring: what arrives makes our copy no newer.
[[nodiscard]] bool peer_is_ahead(const Route& route);
[[nodiscard]] DrbdStatus drbd_status(const Route& route, TimePoint now);

}  // namespace longthrow
