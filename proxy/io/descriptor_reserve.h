// SPDX-License-Identifier: Apache-2.0
// Connections may not use the last descriptors of the process: when strangers or channels have used
// up all others, the control socket and /metrics still answer, and key files can still be read.
//
// The kernel gives the lowest free number, so a number near the limit means that hardly any are
// left.
#pragma once

#include "longthrow/loop.h"

namespace longthrow {

// Whether a connection of this use may keep this descriptor. Legs leave more than lanes do, so that
// lanes can come up: without lanes no channel can go on.
[[nodiscard]] bool may_keep(int fd, SocketUse use);

// A node needs many sockets. The soft limit is low only for programs that use select(2).
void raise_descriptor_limit();

}  // namespace longthrow
