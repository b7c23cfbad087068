// SPDX-License-Identifier: Apache-2.0
// The send buffer of a WAN connection. The kernel tunes it up to tcp_wmem[2] (4 MiB on most
// systems), which caps one flow at about 260 Mbit/s over 100 ms. A fixed larger buffer lifts the
// cap (TCP_NOTSENT_LOWAT keeps the unsent part small), but ends the tuning; so it is set only where
// it is larger than what tuning could reach. The receive buffer (33 MiB by tuning) is left alone.
#pragma once

namespace longthrow {

// Best effort; needs CAP_NET_ADMIN to go above net.core.wmem_max.
void widen_send_buffer(int fd);

}  // namespace longthrow
