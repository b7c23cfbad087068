// SPDX-License-Identifier: Apache-2.0
// Finds out whether a connection is encrypted inside: encrypted bytes do not compress, and the WAN
// carries all of them. It judges by the first bytes of one direction, which either end of a channel
// can read:
//  - TLS: a handshake record (type 22, version 3.x) that holds a ClientHello or a ServerHello
//    (RFC 8446, 4 and 5.1);
//  - PostgreSQL, the client: SSLRequest or GSSENCRequest, then what it agreed on with the server's
//    answer; the server: its answers, each of one byte, `S`, `G` or `N`, then the same
//    (PostgreSQL 15, "Message Flow": SSL Session Encryption, GSSAPI Session Encryption).
// A request that was refused is no encryption: libpq goes on in plain text.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "longthrow/bytes.h"

namespace longthrow {

class InnerEncryption {
 public:
  enum class Kind : std::uint8_t { undecided, none, tls, gssapi };

  // Takes the next bytes of the direction, in pieces of any size. Cheap once the kind is decided.
  void on_bytes(ByteView bytes);
  [[nodiscard]] Kind kind() const { return kind_; }

 private:
  // Room for two requests, and the first six bytes after them.
  static constexpr std::size_t kFirstBytesMax = 24;

  [[nodiscard]] Kind judge() const;

  std::array<std::byte, kFirstBytesMax> first_{};
  std::size_t size_ = 0;
  Kind kind_ = Kind::undecided;
};

// "TLS", "GSSAPI" or "".
[[nodiscard]] std::string_view to_string(InnerEncryption::Kind kind);

}  // namespace longthrow
