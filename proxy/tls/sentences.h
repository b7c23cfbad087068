// SPDX-License-Identifier: Apache-2.0
// OpenSSL's error codes and the peer's alerts, as sentences for an administrator.
#pragma once

#include <string>

#include "proxy/tls/connection.h"

namespace longthrow {

// Why the connection failed. Reads OpenSSL's error queue of this thread, and empties it.
[[nodiscard]] std::string failure_sentence(const Connection& connection);

// A key or a certificate of ours or the peer's, as shown in logs.
[[nodiscard]] std::string describe_key(const PresharedKey& key);

}  // namespace longthrow
