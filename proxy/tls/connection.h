// SPDX-License-Identifier: Apache-2.0
// What OpenSSL's callbacks read and write: the immutable material of an end, and the state of one
// connection.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proxy/tls/certificate.h"
#include "proxy/tls/key_file.h"
#include "proxy/tls/ossl.h"
#include "proxy/tls/span_bio.h"

namespace longthrow {

// Keys or certificates of one link, as the last load read them; neither for `tls = "none"`.
struct LinkMaterial {
  std::string name;
  std::vector<PresharedKey> keys;
  std::optional<CertificateMaterial> certificates;
  [[nodiscard]] bool plain() const { return keys.empty() && !certificates; }
};
using LinkMaterials = std::vector<std::shared_ptr<const LinkMaterial>>;

// One side of connections: a client of one link, or a server of the links of one listener. Engines
// share an EndContext, so that each keeps, over a reload, the one that it began with.
struct EndContext {
  PeerRole role = PeerRole::client;  // ours
  LinkMaterials links;               // a client: exactly one
  SslContextPtr ssl;
};

// One connection. The SSL object's app data points here; pinned while it lives.
struct Connection {
  const EndContext* end = nullptr;
  SpanBioEnds bytes;

  // The handshake's findings. `key` is offered (client) or found (server), not yet proven.
  const PresharedKey* key = nullptr;
  const LinkMaterial* key_link = nullptr;
  const LinkMaterial* certificate_link = nullptr;  // whose rules the peer's certificate satisfies
  std::optional<WallTime> peer_certificate_ends;
  std::string unknown_identity;            // a key that we do not have, printable
  std::string refusal;                     // why we refuse, once we do
  std::array<std::byte, 8> first_bytes{};  // of the peer's stream
  std::size_t first_bytes_count = 0;

  // After the handshake, against floods.
  bool established = false;
  std::uint64_t received_bytes = 0;  // plaintext
  std::uint64_t key_updates_received = 0;
  std::uint64_t records_without_data = 0;  // in a row
};

[[nodiscard]] inline Connection& connection_of(const SSL* ssl) {
  return *static_cast<Connection*>(SSL_get_app_data(ssl));
}

}  // namespace longthrow
