// SPDX-License-Identifier: Apache-2.0
// The TlsProvider of a daemon: OpenSSL for links with keys or certificates, plaintext for the
// others.
#pragma once

#include <cstdint>
#include <memory>

#include "longthrow/bytes.h"
#include "longthrow/tls_engine.h"

namespace longthrow {

struct TlsProviderOptions {
  // Each end replaces its sending key after this many bytes of plaintext. AES-GCM allows 2^24.5
  // full records under one key (RFC 8446 section 5.5), some 380 GiB; records may be smaller than
  // full.
  std::uint64_t key_update_bytes = 64 * kGiB;
};

// Not thread-safe: one thread at a time may use the provider, and so each engine. Engines outlive a
// reload and the provider. `load` also refuses links on one `listen` whose peers could never be
// told apart: the same key identity in two links' files, the same peer name under the same CA, `tls
// = "none"` beside another link.
[[nodiscard]] std::unique_ptr<TlsProvider> make_tls_provider(TlsProviderOptions options = {});

}  // namespace longthrow
