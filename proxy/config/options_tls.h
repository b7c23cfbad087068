// SPDX-License-Identifier: Apache-2.0
// The keys of a tls table with certificates, which a link has, and [drbd-proxy].
#pragma once

#include "proxy/config/fields.h"

namespace longthrow::fields {

constexpr Option tls_cert(Section section) {
  return bind<TlsField<&CertificateTls::cert>>({
      .section = section,
      .key = "tls.cert",
      .type = ValueType::key_file,
      .max = 4000,
      .default_note = "none",
      .example = "tls.cert = \"/etc/longthrow/alpha.crt\"",
      .apply = Apply::live,
      .doc = "This node's certificate, with its chain (PEM).",
  });
}

constexpr Option tls_key(Section section) {
  return bind<TlsField<&CertificateTls::key>>({
      .section = section,
      .key = "tls.key",
      .type = ValueType::key_file,
      .max = 4000,
      .default_note = "none",
      .example = "tls.key = \"/etc/longthrow/alpha.key\"",
      .apply = Apply::live,
      .doc = "The private key of that certificate (PEM).",
  });
}

constexpr Option tls_ca(Section section) {
  return bind<TlsField<&CertificateTls::ca>>({
      .section = section,
      .key = "tls.ca",
      .type = ValueType::key_file,
      .max = 4000,
      .default_note = "none",
      .example = "tls.ca = \"/etc/longthrow/ca.crt\"",
      .apply = Apply::live,
      .doc = "The certificates that may have signed the peer's (PEM).",
  });
}

}  // namespace longthrow::fields
