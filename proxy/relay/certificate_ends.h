// SPDX-License-Identifier: Apache-2.0
// Warns of certificates before they expire. Pure.
#pragma once

#include "longthrow/status.h"

namespace longthrow {

// A certificate that is valid for less than this is warned of.
inline constexpr Duration kCertificateEndsSoon = std::chrono::days(14);

// Adds to `link.warnings`: certificate_ends for what ends soon, certificate_ended for what has, of
// this node's certificate and of the peer's.
void warn_of_certificates(WallTime now, LinkStatus& link);

}  // namespace longthrow
