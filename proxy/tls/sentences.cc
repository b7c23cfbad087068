// SPDX-License-Identifier: Apache-2.0
// In TLS 1.3 the side that refuses knows the reason and sends the other a bare alert number.
// Moreover, a client's handshake is complete before the server has looked at the client's
// certificate, so that this alert arrives where the first data is expected. Between two Longthrow
// nodes an alert can mean so little that a sentence can say what. OpenSSL reports a received alert
// as reason 1000 + its number.
#include "proxy/tls/sentences.h"

#include <openssl/err.h>
#include <openssl/sslerr.h>

#include <string_view>

#include "proxy/base/log.h"

namespace longthrow {
namespace {

constexpr std::string_view kCompare =
    "compare with longthrow genkey --fingerprint FILE at both ends";

// Of the queued errors, takes the first one of the TLS library: errors of the cipher library say
// less.
unsigned long take_error() {
  unsigned long chosen = 0;
  while (const unsigned long error = ERR_get_error()) {
    if (chosen == 0 || (ERR_GET_LIB(chosen) != ERR_LIB_SSL && ERR_GET_LIB(error) == ERR_LIB_SSL)) {
      chosen = error;
    }
  }
  return chosen;
}

const char* certificate_fault(int alert) {
  switch (alert) {
    case SSL_AD_BAD_CERTIFICATE:
      return "it is not for the name that the peer expects, or by the peer's clock not yet valid";
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
      return "its extended key usage does not allow this end of TLS";
    case SSL_AD_CERTIFICATE_REVOKED:
      return "it is revoked";
    case SSL_AD_CERTIFICATE_EXPIRED:
      return "it has expired by the peer's clock";
    case SSL_AD_CERTIFICATE_UNKNOWN:
      return "the peer's log says why";
    case SSL_AD_UNKNOWN_CA:
      return "it is not signed by the ca that the peer trusts for this link";
    default:
      return nullptr;
  }
}

std::string our_certificate(const Connection& connection) {
  const LinkMaterial& link = *connection.end->links.front();
  const bool known = connection.end->role == PeerRole::client && link.certificates;
  return known ? describe_certificate(link.certificates->leaf.get()) : std::string();
}

// The peer answered a client's offered key with this alert.
std::string key_refusal(const PresharedKey& key, int alert) {
  const bool key_differs = alert == SSL_AD_ILLEGAL_PARAMETER || alert == SSL_AD_DECRYPT_ERROR;
  return format("the peer refused our {}: {}; {}", describe_key(key),
                key_differs ? "its key of this identity differs"
                            : "it does not know this identity on this port",
                kCompare);
}

std::string alert_sentence(const Connection& connection, int alert) {
  if (const char* fault = certificate_fault(alert)) {
    const std::string ours = our_certificate(connection);
    return format("the peer refused our certificate{}{}: {}", ours.empty() ? "" : " ", ours, fault);
  }
  const bool client = connection.end->role == PeerRole::client;
  switch (alert) {
    case SSL_AD_HANDSHAKE_FAILURE:
    case SSL_AD_ILLEGAL_PARAMETER:
    case SSL_AD_DECRYPT_ERROR:
    case SSL_AD_UNKNOWN_PSK_IDENTITY:
      if (connection.key != nullptr && client) return key_refusal(*connection.key, alert);
      return "the peer refused the handshake: it may expect a key file where this link has "
             "certificates";
    case TLS13_AD_CERTIFICATE_REQUIRED:
      return "the peer demands a certificate and got none from us";
    case SSL_AD_PROTOCOL_VERSION:
      return "the peer refused our protocol version: it does not speak TLS 1.3, or its link is "
             "configured with tls = \"none\"";
    case SSL_AD_BAD_RECORD_MAC:
      return "the peer could not verify what we sent: bytes were changed on the way, or its key "
             "differs";
    default:
      return format("the peer ended the connection with the TLS alert \"{}\"",
                    SSL_alert_desc_string_long(alert));
  }
}

std::string integrity_sentence(const Connection& connection) {
  if (!connection.established && connection.end->role == PeerRole::client &&
      connection.key != nullptr) {
    return format("the peer took our {} but does not hold it, or bytes were changed on the way; {}",
                  describe_key(*connection.key), kCompare);
  }
  return "a record from the peer fails its integrity check: bytes were changed on the way";
}

std::string no_common_ground(const Connection& connection) {
  for (const auto& link : connection.end->links) {
    if (link->certificates) return "the peer and this node have no TLS parameters in common";
  }
  return "the peer offered no pre-shared key, and no link on this port takes certificates";
}

bool answered_with_client_hello(const Connection& connection) {
  constexpr std::size_t kHandshakeTypeAt = 5;
  return connection.end->role == PeerRole::client && !connection.established &&
         connection.first_bytes_count > kHandshakeTypeAt &&
         connection.first_bytes[0] == std::byte{SSL3_RT_HANDSHAKE} &&
         connection.first_bytes[kHandshakeTypeAt] == std::byte{SSL3_MT_CLIENT_HELLO};
}

std::string local_sentence(const Connection& connection, unsigned long error) {
  switch (ERR_GET_REASON(error)) {
    case SSL_R_BINDER_DOES_NOT_VERIFY:
      return format("the key of identity \"{}\" differs at the peer (ours has fingerprint {}); {}",
                    connection.key->identity, fingerprint(*connection.key), kCompare);
    case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
      return integrity_sentence(connection);
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      return "the peer showed neither a known key nor a certificate";
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_NO_CERTIFICATE_SET:
    case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
      return no_common_ground(connection);
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_VERSION_TOO_LOW:
      return "the peer does not speak TLS 1.3";
    default:
      break;
  }
  const char* reason = ERR_reason_error_string(error);
  return format("the peer breaks the TLS protocol ({})", reason != nullptr ? reason : "no reason");
}

}  // namespace

std::string failure_sentence(const Connection& connection) {
  const unsigned long error = take_error();
  if (!connection.refusal.empty()) return connection.refusal;
  if (!connection.established && !connection.unknown_identity.empty()) {
    return format("unknown key identity \"{}\": no link on this port has it in its key file",
                  connection.unknown_identity);
  }
  const int reason = ERR_GET_REASON(error);
  if (ERR_GET_LIB(error) == ERR_LIB_SSL && reason >= SSL_AD_REASON_OFFSET) {
    return alert_sentence(connection, reason - SSL_AD_REASON_OFFSET);
  }
  if (answered_with_client_hello(connection)) {
    return "the peer answered with a ClientHello: the connection leads to a side that dials too, "
           "or "
           "back to this node";
  }
  return local_sentence(connection, error);
}

std::string describe_key(const PresharedKey& key) {
  return format("key \"{}\" (fingerprint {})", key.identity, fingerprint(key));
}

}  // namespace longthrow
