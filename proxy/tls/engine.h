// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "longthrow/tls_engine.h"
#include "proxy/tls/connection.h"

namespace longthrow {

// One end of a TLS connection under `context`; a new sending key each `key_update_bytes` (> 0).
[[nodiscard]] std::unique_ptr<TlsEngine> make_openssl_engine(
    std::shared_ptr<const EndContext> context, std::uint64_t key_update_bytes);

}  // namespace longthrow
