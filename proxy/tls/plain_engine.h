// SPDX-License-Identifier: Apache-2.0
// The engine of `tls = "none"`: bytes pass unchanged, behind a preface by which each end can tell
// that the other speaks no TLS either.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "longthrow/tls_engine.h"

namespace longthrow {

// Each end sends these bytes first. No TLS record begins like this.
inline constexpr std::string_view kPlainPreface = "LTPLAIN1";

// Either end of a plaintext lane of `link`; needs no provider. `start` writes the preface (both
// ends) and the engine is established from then on; the peer's preface is checked by `open`. There
// is no close_notify: the end of the stream is the socket's. Nothing is authenticated.
[[nodiscard]] std::unique_ptr<TlsEngine> make_plain_engine(std::string link);

}  // namespace longthrow
