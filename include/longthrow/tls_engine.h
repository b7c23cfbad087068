// SPDX-License-Identifier: Apache-2.0
// The seam to TLS: bytes in, bytes out, no socket. One engine is one end of one lane.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "longthrow/bytes.h"
#include "longthrow/error.h"
#include "longthrow/time.h"

namespace longthrow {

struct Config;

// A proof that both ends of one connection see the same bytes: 32 bytes of exported keying
// material.
using ChannelBinding = std::array<std::byte, 32>;

// One end of a TLS 1.3 connection (or of a plaintext one, `tls = "none"`). Not thread-safe. After
// any method has failed the engine is dead: send what is left in `out` (an alert), then close.
class TlsEngine {
 public:
  struct Progress {
    std::size_t consumed_bytes = 0;  // of the ciphertext given
    std::size_t produced_bytes = 0;  // of the plaintext asked for
  };
  virtual ~TlsEngine() = default;

  // Client: writes the first flight to `out`. Server: does nothing.
  [[nodiscard]] virtual Result<void> start(ByteQueue& out) = 0;
  // Consumes `cipher` and fills `plain`; answers of the handshake or of key updates go to `out`.
  // Call again while it makes progress: it stops when `plain` is full, when all of `cipher` is
  // consumed and nothing decrypted is left, or in the moment when the handshake completes. An error
  // of the peer (a bad record, a wrong key, an expired certificate) is a sentence that names it.
  // The peer's close_notify is the error of code peer_closed.
  [[nodiscard]] virtual Result<Progress> open(ByteView cipher, ByteSpan plain, ByteQueue& out) = 0;
  // Encrypts all of `plain` to the back of `out`. REQUIRES: established().
  [[nodiscard]] virtual Result<void> seal(ByteView plain, ByteQueue& out) = 0;
  // Writes close_notify to `out`, best effort.
  virtual void finish(ByteQueue& out) = 0;

  [[nodiscard]] virtual bool established() const = 0;
  // The link that the peer's identity selected. REQUIRES: established().
  [[nodiscard]] virtual const std::string& link() const = 0;
  // The peer as shown in logs: key identity or certificate name, with a short fingerprint of the
  // key or certificate, never the secret.
  [[nodiscard]] virtual std::string peer_description() const = 0;
  // When the certificate that the peer has shown, or an authority in its chain, expires: from then
  // on the peer is refused. Nothing: it has shown none, or is not yet proven.
  [[nodiscard]] virtual std::optional<WallTime> peer_certificate_ends() const { return {}; }
  // RFC 8446 section 7.5 exporter over `context`, label "EXPORTER-longthrow-hello". Equal at both
  // ends of one connection for equal contexts. Plaintext: an unkeyed hash. REQUIRES: established().
  [[nodiscard]] virtual Result<ChannelBinding> binding(ByteView context) const = 0;
};

// Makes engines for the links of a configuration. Reload keeps engines in use untouched.
class TlsProvider {
 public:
  virtual ~TlsProvider() = default;
  // Reads keys and certificates of every link anew. On failure nothing changes.
  [[nodiscard]] virtual Result<void> load(const Config& config) = 0;
  // As load, but what was loaded before for a link whose settings are the same is kept: its files
  // are not looked at.
  [[nodiscard]] virtual Result<void> load_changed(const Config& config) { return load(config); }
  // As load, but a link whose files cannot be used is left out until the next load: no engine is
  // made for it. Fails when no link is left.
  [[nodiscard]] virtual Result<void> load_usable(const Config& config) { return load(config); }
  // Why the link was left out; "" if it was not.
  [[nodiscard]] virtual std::string trouble(const std::string& /*link*/) const { return {}; }
  // When the certificate that the link's next connection shows expires, or an intermediate one in
  // its file. Nothing: the link has no certificate, or was left out.
  [[nodiscard]] virtual std::optional<WallTime> certificate_ends(
      const std::string& /*link*/) const {
    return {};
  }
  [[nodiscard]] virtual Result<std::unique_ptr<TlsEngine>> client(const std::string& link) = 0;
  // For a connection accepted where all of `links` listen; the peer's identity selects one of them.
  [[nodiscard]] virtual Result<std::unique_ptr<TlsEngine>> server(
      std::span<const std::string> links) = 0;
};

}  // namespace longthrow
