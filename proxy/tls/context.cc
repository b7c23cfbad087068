// SPDX-License-Identifier: Apache-2.0
// OpenSSL 3.0, restricted to what two Longthrow nodes need.
//
// An external pre-shared key is, to OpenSSL, a session to be resumed, made by a callback. It is
// bound to a hash, so the one cipher suite is TLS_AES_256_GCM_SHA384 on both ends. Such a session
// lives as long as a ticket (304 s from its creation), so the callback makes one for each
// handshake: if it were made at load, keys would stop working after five minutes. A server with
// SSL_VERIFY_PEER refuses every resumption while its session id context is empty; a client refuses
// one if its own is not. A callback that finds no key must answer 1 with a null session, so that a
// listener which also has certificates may go on with these; a listener without them then fails
// with handshake_failure, and sentences.cc says why.
//
// No tickets, no early data, never a key exchange without (EC)DHE; options that the system's
// openssl.cnf may have set to the contrary are cleared. After the handshake no message but
// KeyUpdate is allowed, and OpenSSL does not limit KeyUpdates or empty records in all cases: so a
// message callback checks and counts them.
#include "proxy/tls/context.h"

#include <openssl/err.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "proxy/base/log.h"
#include "proxy/tls/text.h"

namespace longthrow {
namespace {

constexpr const char* kCipherSuite = "TLS_AES_256_GCM_SHA384";
constexpr unsigned char kCipherSuiteId[] = {0x13, 0x02};
constexpr std::string_view kSessionIdContext = "longthrow";
constexpr long kCertificateListBytesMax = 32L * 1024;
// A peer updates its key once in many MiB; tests and other settings do so more often.
constexpr std::uint64_t kKeyUpdatesFree = 64;
constexpr std::uint64_t kBytesPerKeyUpdate = 4 * kKiB;
constexpr std::uint64_t kRecordsWithoutDataMax = 256;

// A session that stands for `key`; null only without memory.
SSL_SESSION* make_session(SSL* ssl, const PresharedKey& key) {
  SessionPtr session(SSL_SESSION_new());
  const SSL_CIPHER* cipher = SSL_CIPHER_find(ssl, kCipherSuiteId);
  const bool made =
      session != nullptr && cipher != nullptr &&
      SSL_SESSION_set1_master_key(session.get(), key.secret.data(), key.secret.size()) == 1 &&
      SSL_SESSION_set_cipher(session.get(), cipher) == 1 &&
      SSL_SESSION_set_protocol_version(session.get(), TLS1_3_VERSION) == 1;
  return made ? session.release() : nullptr;
}

int offer_key(SSL* ssl, const EVP_MD* digest, const unsigned char** identity,
              std::size_t* identity_bytes, SSL_SESSION** session) {
  Connection& connection = connection_of(ssl);
  const PresharedKey& key = connection.end->links.front()->keys.front();
  *session = nullptr;
  if (digest != nullptr && !EVP_MD_is_a(digest, "SHA384")) return 1;  // offer none
  *session = make_session(ssl, key);
  if (*session == nullptr) return 0;
  connection.key = &key;
  connection.key_link = connection.end->links.front().get();
  *identity = reinterpret_cast<const unsigned char*>(key.identity.data());
  *identity_bytes = key.identity.size();
  return 1;
}

int find_key(SSL* ssl, const unsigned char* identity, std::size_t identity_bytes,
             SSL_SESSION** session) {
  Connection& connection = connection_of(ssl);
  const std::string_view wanted(reinterpret_cast<const char*>(identity), identity_bytes);
  *session = nullptr;
  for (const auto& link : connection.end->links) {
    const auto key = std::ranges::find(link->keys, wanted, &PresharedKey::identity);
    if (key == link->keys.end()) continue;
    connection.key = &*key;
    connection.key_link = link.get();
    connection.unknown_identity.clear();
    *session = make_session(ssl, *key);
    return *session != nullptr ? 1 : 0;
  }
  if (connection.unknown_identity.empty()) connection.unknown_identity = printable(wanted);
  return 1;
}

// The certificate to show: the one for the name that the client asks for, else the first.
const CertificateMaterial* certificate_to_show(const SSL* ssl) {
  const char* asked = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  const CertificateMaterial* first = nullptr;
  for (const auto& link : connection_of(ssl).end->links) {
    if (!link->certificates) continue;
    if (first == nullptr) first = &*link->certificates;
    if (asked != nullptr && certificate_has_name(link->certificates->leaf.get(), asked)) {
      return &*link->certificates;
    }
  }
  return first;
}

using X509StackPtr =
    std::unique_ptr<STACK_OF(X509), decltype([](STACK_OF(X509) * stack) { sk_X509_free(stack); })>;

X509StackPtr chain_of(const CertificateMaterial& material) {
  X509StackPtr chain(sk_X509_new_null());
  LT_ASSERT(chain != nullptr);
  for (const X509Ptr& link : material.chain) {
    LT_ASSERT(sk_X509_push(chain.get(), link.get()) > 0);
  }
  return chain;
}

int show_certificate(SSL* ssl, void*) {
  const CertificateMaterial* material = certificate_to_show(ssl);
  if (material == nullptr) return 1;
  return SSL_use_cert_and_key(ssl, material->leaf.get(), material->key.get(),
                              chain_of(*material).get(), 1);
}

int accept_peer(X509_STORE_CTX* store, Connection& connection, const LinkMaterial& link) {
  connection.certificate_link = &link;
  X509_STORE_CTX_set_error(store, X509_V_OK);
  return 1;
}

int refuse_peer(X509_STORE_CTX* store, Connection& connection, Verdict verdict) {
  connection.refusal = std::move(verdict.sentence);
  X509_STORE_CTX_set_error(store, verdict.error);  // chooses the alert
  return 0;
}

// Of two links' refusals, the one whose verification got further tells more.
int progress_of(const Verdict& verdict) {
  switch (verdict.error) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
      return 3;
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
    case X509_V_ERR_INVALID_PURPOSE:
      return 2;
    default:
      return 1;
  }
}

// Replaces OpenSSL's own verification, since each link has authorities and a peer name of its own.
// A link that names the peer is preferred to one that takes any name.
int verify_certificate(X509_STORE_CTX* store, void*) {
  const auto* ssl = static_cast<const SSL*>(
      X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  Connection& connection = connection_of(ssl);
  const PeerRole peer =
      connection.end->role == PeerRole::client ? PeerRole::server : PeerRole::client;
  const LinkMaterial* any_name = nullptr;
  Verdict refusal{.error = X509_V_ERR_APPLICATION_VERIFICATION};
  for (const auto& link : connection.end->links) {
    if (!link->certificates) continue;
    Verdict verdict = verify_peer(*link->certificates, X509_STORE_CTX_get0_cert(store),
                                  X509_STORE_CTX_get0_untrusted(store), peer);
    const bool good = verdict.error == X509_V_OK;
    if (good) connection.peer_certificate_ends = verdict.ends;
    if (good && link->certificates->peer_name != "*") return accept_peer(store, connection, *link);
    if (good && any_name == nullptr) any_name = link.get();
    if (!good && (refusal.sentence.empty() || progress_of(verdict) > progress_of(refusal))) {
      refusal = std::move(verdict);
    }
  }
  if (any_name != nullptr) return accept_peer(store, connection, *any_name);
  if (refusal.sentence.empty() && connection.key != nullptr) {
    refusal.sentence = format(
        "the peer refused our key \"{}\" (fingerprint {}) and showed a certificate instead: it "
        "does not know this identity, or wants certificates on this link",
        connection.key->identity, fingerprint(*connection.key));
  }
  return refuse_peer(store, connection, std::move(refusal));
}

void refuse_flood(Connection& connection, std::string reason) {
  connection.refusal = std::move(reason);
  connection.bytes.in = {};  // OpenSSL gets no further
}

void watch_messages(int writing, int, int content_type, const void* message, std::size_t bytes,
                    SSL* ssl, void*) {
  Connection& connection = connection_of(ssl);
  if (writing != 0 || !connection.established) return;
  if (content_type == SSL3_RT_HEADER &&
      ++connection.records_without_data > kRecordsWithoutDataMax) {
    refuse_flood(connection, "the peer floods this lane with empty records");
  }
  if (content_type != SSL3_RT_HANDSHAKE || bytes == 0) return;
  if (*static_cast<const unsigned char*>(message) != SSL3_MT_KEY_UPDATE) {
    refuse_flood(connection, "the peer sent a handshake message after the handshake");
  } else if (++connection.key_updates_received >
             kKeyUpdatesFree + connection.received_bytes / kBytesPerKeyUpdate) {
    refuse_flood(connection, "the peer floods this lane with key updates");
  }
}

SslContextPtr make_context(const SSL_METHOD* method) {
  SslContextPtr context(SSL_CTX_new(method));
  LT_ASSERT(context != nullptr);
  SSL_CTX* const ctx = context.get();
  SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_clear_options(ctx, SSL_OP_ALLOW_NO_DHE_KEX);
  SSL_CTX_clear_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_max_cert_list(ctx, kCertificateListBytesMax);
  SSL_CTX_set_read_ahead(ctx, 0);  // slower with a BIO that already holds all bytes
  const bool set =
      SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) == 1 &&
      SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) == 1 &&
      SSL_CTX_set_ciphersuites(ctx, kCipherSuite) == 1 &&
      SSL_CTX_set1_groups_list(ctx, "X25519:P-256") == 1 && SSL_CTX_set_num_tickets(ctx, 0) == 1 &&
      SSL_CTX_set_max_early_data(ctx, 0) == 1 && SSL_CTX_set_recv_max_early_data(ctx, 0) == 1;
  LT_ASSERT(set);
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_cert_verify_callback(ctx, &verify_certificate, nullptr);
  SSL_CTX_set_msg_callback(ctx, &watch_messages);
  return context;
}

Result<void> use_certificate(SSL_CTX* ctx, const LinkMaterial& link) {
  const CertificateMaterial& material = *link.certificates;
  const int used = SSL_CTX_use_cert_and_key(ctx, material.leaf.get(), material.key.get(),
                                            chain_of(material).get(), 1);
  if (used == 1) return {};
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return fail(format("link {}: its certificate cannot be used: {}", link.name,
                     reason != nullptr ? reason : "unknown reason"));
}

}  // namespace

Result<std::shared_ptr<const EndContext>> make_client_context(
    std::shared_ptr<const LinkMaterial> link) {
  LT_ASSERT(!link->plain());
  auto context = std::make_shared<EndContext>();
  context->role = PeerRole::client;
  context->ssl = make_context(TLS_client_method());
  if (!link->keys.empty()) {
    SSL_CTX_set_psk_use_session_callback(context->ssl.get(), &offer_key);
  } else if (auto used = use_certificate(context->ssl.get(), *link); !used) {
    return std::unexpected(used.error());
  }
  context->links.push_back(std::move(link));
  return context;
}

Result<std::shared_ptr<const EndContext>> make_server_context(LinkMaterials links) {
  auto context = std::make_shared<EndContext>();
  context->role = PeerRole::server;
  context->ssl = make_context(TLS_server_method());
  context->links = std::move(links);
  const int set = SSL_CTX_set_session_id_context(
      context->ssl.get(), reinterpret_cast<const unsigned char*>(kSessionIdContext.data()),
      static_cast<unsigned>(kSessionIdContext.size()));
  LT_ASSERT(set == 1);
  SSL_CTX_set_psk_find_session_callback(context->ssl.get(), &find_key);
  SSL_CTX_set_cert_cb(context->ssl.get(), &show_certificate, nullptr);
  return context;
}

}  // namespace longthrow
