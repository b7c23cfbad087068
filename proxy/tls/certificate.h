// SPDX-License-Identifier: Apache-2.0
// Certificates of one link: ours to show, and what the peer's must prove.
#pragma once

#include <string>
#include <vector>

#include "longthrow/config.h"
#include "longthrow/error.h"
#include "longthrow/time.h"
#include "proxy/tls/ossl.h"

namespace longthrow {

// Immutable once loaded; shared by all engines of the link.
struct CertificateMaterial {
  X509Ptr leaf;
  std::vector<X509Ptr> chain;  // intermediates sent after the leaf
  KeyPtr key;
  std::vector<X509Ptr> authorities;
  StorePtr store;         // the same authorities, for verification
  std::string peer_name;  // "*": any
  WallTime ends{};        // the first end of validity among leaf and chain
};

// Reads the four settings. The private key's file must be private (see read_private_file) and
// without a passphrase, and belong to the certificate. An expired certificate of ours only warns:
// the peer will say so too, and the other links go on.
[[nodiscard]] Result<CertificateMaterial> load_certificates(const std::string& link,
                                                            const CertificateTls& config);

// Whether a certificate that satisfies `a` may satisfy `b` just as well.
[[nodiscard]] bool indistinguishable(const CertificateMaterial& a, const CertificateMaterial& b);

enum class PeerRole : std::uint8_t { client, server };

// The outcome for one peer and one link. `error` is X509_V_OK or one of X509_V_ERR_*.
struct Verdict {
  int error = X509_V_OK;
  std::string sentence;  // when refused
  WallTime ends{};       // when not: the first end of validity in the chain, its authority included
};
// `untrusted`: the intermediates that the peer sent; may be null.
[[nodiscard]] Verdict verify_peer(const CertificateMaterial& material, X509* leaf,
                                  STACK_OF(X509) * untrusted, PeerRole role);

// "beta.example (sha256 3f2a-91c0-77de-0b12)": names as printable ASCII, whatever is inside.
[[nodiscard]] std::string describe_certificate(X509* certificate);
[[nodiscard]] bool certificate_has_name(X509* certificate, const std::string& name);

}  // namespace longthrow
