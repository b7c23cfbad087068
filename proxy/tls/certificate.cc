// SPDX-License-Identifier: Apache-2.0
// OpenSSL can verify a chain by itself, but against one store for each SSL_CTX, and it says why in
// a number. Here a listener may serve links with different authorities, so each link's store is
// tried in turn from a callback (see context.cc). Names are matched against subjectAltName only:
// OpenSSL would fall back to the common name where there is none, which is long deprecated (RFC
// 6125).
#include "proxy/tls/certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <utility>

#include "proxy/base/log.h"
#include "proxy/tls/digest.h"
#include "proxy/tls/private_file.h"
#include "proxy/tls/text.h"

namespace longthrow {
namespace {

constexpr int kChainDepthMax = 8;
constexpr int kAuthLevel = 2;  // 112 bits: RSA from 2048, no SHA-1
constexpr std::size_t kNamesShownMax = 4;
constexpr unsigned kHostFlags =
    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;

BioPtr reader_of(const Secret& text) {
  BioPtr reader(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  LT_ASSERT(reader != nullptr);
  return reader;
}

Result<std::vector<X509Ptr>> load_certificate_list(const std::string& path) {
  const auto text = read_public_file(path);
  if (!text) return std::unexpected(text.error());
  const BioPtr reader = reader_of(*text);
  std::vector<X509Ptr> list;
  while (X509* next = PEM_read_bio_X509(reader.get(), nullptr, nullptr, nullptr)) {
    list.emplace_back(next);
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!at_end) {
    return fail(format("{}: certificate {} in it is damaged", path, list.size() + 1));
  }
  if (list.empty()) return fail(format("{}: it holds no PEM certificate", path));
  return list;
}

int no_passphrase(char*, int, int, void*) { return -1; }

Result<KeyPtr> load_private_key(const std::string& path) {
  const auto text = read_private_file(path);
  if (!text) return std::unexpected(text.error());
  KeyPtr key(PEM_read_bio_PrivateKey(reader_of(*text).get(), nullptr, &no_passphrase, nullptr));
  ERR_clear_error();
  if (key == nullptr) {
    return fail(format("{}: it holds no PEM private key, or one with a passphrase", path));
  }
  return key;
}

StorePtr make_store(const std::vector<X509Ptr>& authorities) {
  StorePtr store(X509_STORE_new());
  LT_ASSERT(store != nullptr);
  for (const X509Ptr& authority : authorities) X509_STORE_add_cert(store.get(), authority.get());
  X509_VERIFY_PARAM* rules = X509_STORE_get0_param(store.get());
  // An intermediate authority may be all that the administrator trusts.
  X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN);
  X509_VERIFY_PARAM_set_depth(rules, kChainDepthMax);
  X509_VERIFY_PARAM_set_auth_level(rules, kAuthLevel);
  ERR_clear_error();  // a certificate listed twice
  return store;
}

void warn_about_dates(const std::string& link, const std::string& path, const X509* leaf) {
  if (X509_cmp_current_time(X509_get0_notAfter(leaf)) < 0) {
    log_warning("link {}: our certificate {} has expired; the peer will refuse it", link, path);
  } else if (X509_cmp_current_time(X509_get0_notBefore(leaf)) > 0) {
    log_warning("link {}: our certificate {} is not yet valid; the peer will refuse it", link,
                path);
  }
}

std::vector<std::string> names_of(X509* certificate) {
  std::vector<std::string> names;
  const GeneralNamesPtr all(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; all != nullptr && i < sk_GENERAL_NAME_num(all.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(all.get(), i);
    if (name->type != GEN_DNS || names.size() >= kNamesShownMax) continue;
    const ASN1_STRING* text = name->d.dNSName;
    names.push_back(printable({reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                               static_cast<std::size_t>(ASN1_STRING_length(text))}));
  }
  ERR_clear_error();
  return names;
}

std::string joined_names(X509* certificate) {
  std::string text;
  for (const std::string& name : names_of(certificate)) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "without a DNS name" : text;
}

std::string time_text(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return "an unreadable date";
  return format("{:04}-{:02}-{:02} {:02}:{:02} UTC", parts.tm_year + 1900, parts.tm_mon + 1,
                parts.tm_mday, parts.tm_hour, parts.tm_min);
}

// Certificates may be valid until the year 9999, and WallTime ends in 2262.
WallTime end_of(const X509* certificate) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) != 1) return WallTime::max();
  constexpr auto kLast = std::chrono::floor<std::chrono::seconds>(WallTime::max());
  return std::min(kLast, std::chrono::sys_seconds(std::chrono::seconds(timegm(&parts))));
}

WallTime first_end(const STACK_OF(X509) * chain) {
  WallTime first = WallTime::max();
  for (int i = 0; i < sk_X509_num(chain); ++i)
    first = std::min(first, end_of(sk_X509_value(chain, i)));
  return first;
}

std::string refusal_sentence(int error, X509* leaf, X509* culprit) {
  const std::string who = format("the peer's certificate {}", describe_certificate(leaf));
  X509* const dated = culprit != nullptr ? culprit : leaf;
  const std::string which = dated == leaf ? "it" : "an authority in its chain";
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return format("{} is refused: {} expired at {}", who, which,
                    time_text(X509_get0_notAfter(dated)));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return format("{} is refused: {} is not valid before {}; are both clocks right?", who, which,
                    time_text(X509_get0_notBefore(dated)));
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return format("{} is refused: it is not signed by this link's ca", who);
    case X509_V_ERR_INVALID_PURPOSE:
      return format(
          "{} is refused: its extended key usage does not allow this end of TLS; a node "
          "needs both serverAuth and clientAuth, or none",
          who);
    default:
      return format("{} is refused: {}", who, X509_verify_cert_error_string(error));
  }
}

}  // namespace

Result<CertificateMaterial> load_certificates(const std::string& link,
                                              const CertificateTls& config) {
  // OpenSSL would take a leading dot for "any subdomain".
  if (config.peer_name.empty() || config.peer_name.starts_with('.')) {
    return fail(format("peer_name \"{}\" is not a host name, nor \"*\"", config.peer_name));
  }
  auto certificates = load_certificate_list(config.cert);
  if (!certificates) return std::unexpected(certificates.error());
  auto key = load_private_key(config.key);
  if (!key) return std::unexpected(key.error());
  auto authorities = load_certificate_list(config.ca);
  if (!authorities) return std::unexpected(authorities.error());

  CertificateMaterial material;
  material.leaf = std::move(certificates->front());
  certificates->erase(certificates->begin());
  material.chain = std::move(*certificates);
  material.key = std::move(*key);
  material.authorities = std::move(*authorities);
  material.store = make_store(material.authorities);
  material.peer_name = config.peer_name;
  if (X509_check_private_key(material.leaf.get(), material.key.get()) != 1) {
    ERR_clear_error();
    return fail(format("{}: the private key does not belong to the certificate {}", config.key,
                       config.cert));
  }
  warn_about_dates(link, config.cert, material.leaf.get());
  material.ends = end_of(material.leaf.get());
  for (const X509Ptr& other : material.chain)
    material.ends = std::min(material.ends, end_of(other.get()));
  return material;
}

bool indistinguishable(const CertificateMaterial& a, const CertificateMaterial& b) {
  const auto also_in_b = [&b](const X509Ptr& authority) {
    return std::ranges::any_of(b.authorities, [&](const X509Ptr& other) {
      return X509_cmp(authority.get(), other.get()) == 0;
    });
  };
  return a.peer_name == b.peer_name && std::ranges::any_of(a.authorities, also_in_b);
}

Verdict verify_peer(const CertificateMaterial& material, X509* leaf, STACK_OF(X509) * untrusted,
                    PeerRole role) {
  const StoreContextPtr context(X509_STORE_CTX_new());
  LT_ASSERT(context != nullptr);
  LT_ASSERT(X509_STORE_CTX_init(context.get(), material.store.get(), leaf, untrusted) == 1);
  X509_STORE_CTX_set_default(context.get(), role == PeerRole::client ? "ssl_client" : "ssl_server");
  const bool good = X509_verify_cert(context.get()) == 1;
  const int error = X509_STORE_CTX_get_error(context.get());
  X509* const culprit = X509_STORE_CTX_get_current_cert(context.get());
  ERR_clear_error();
  if (!good) {
    const int code = error == X509_V_OK ? X509_V_ERR_UNSPECIFIED : error;
    return {.error = code, .sentence = refusal_sentence(code, leaf, culprit)};
  }
  if (material.peer_name == "*" || certificate_has_name(leaf, material.peer_name))
    return {.sentence = {}, .ends = first_end(X509_STORE_CTX_get0_chain(context.get()))};
  return {.error = X509_V_ERR_HOSTNAME_MISMATCH,
          .sentence = format("the peer's certificate {} is refused: it is not for the name \"{}\"",
                             describe_certificate(leaf), material.peer_name)};
}

std::string describe_certificate(X509* certificate) {
  unsigned char* encoded = nullptr;
  const int bytes = i2d_X509(certificate, &encoded);
  if (bytes < 0) return joined_names(certificate);
  const std::string digest =
      short_digest("", std::as_bytes(std::span(encoded, static_cast<std::size_t>(bytes))));
  OPENSSL_free(encoded);
  return format("{} (sha256 {})", joined_names(certificate), digest);
}

bool certificate_has_name(X509* certificate, const std::string& name) {
  return X509_check_host(certificate, name.data(), name.size(), kHostFlags, nullptr) == 1;
}

}  // namespace longthrow
