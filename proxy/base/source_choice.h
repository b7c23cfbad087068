// SPDX-License-Identifier: Apache-2.0
// From which local address a connection is made, where the administrator named none: from the one
// that is listened on, so that what is dialled by name leaves where it is expected, but only where
// that address can reach the other.
#pragma once

#include <optional>

#include "longthrow/endpoint.h"

namespace longthrow {

// An address listened on that a connection to `to` can come from: of the same family, not a
// wildcard, loopback to loopback, link-local to link-local on the same interface.
[[nodiscard]] bool reaches(const Endpoint& from, const Endpoint& to);
// `named` whatever it is: what cannot work fails, and says why. Else `usual` if it reaches `to`,
// else the kernel's choice. With port 0.
[[nodiscard]] std::optional<Endpoint> choose_source(const std::optional<Endpoint>& named,
                                                    const std::optional<Endpoint>& usual,
                                                    const Endpoint& to);

}  // namespace longthrow
