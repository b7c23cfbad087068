// SPDX-License-Identifier: Apache-2.0
// From which local address a connection is made if the administrator named none: from the address
// that this node listens on, so that the connection comes from where it is expected, but only if
// that address can reach the remote one.
#pragma once

#include <optional>

#include "longthrow/endpoint.h"

namespace longthrow {

// An address listened on that a connection to `to` can come from: of the same family, not a
// wildcard, loopback to loopback, link-local to link-local on the same interface.
[[nodiscard]] bool reaches(const Endpoint& from, const Endpoint& to);
// `named`, even if it cannot reach `to`: the connect then fails and says why. Else `usual` if it
// reaches `to`, else nothing: the kernel chooses. With port 0.
[[nodiscard]] std::optional<Endpoint> choose_source(const std::optional<Endpoint>& named,
                                                    const std::optional<Endpoint>& usual,
                                                    const Endpoint& to);

}  // namespace longthrow
