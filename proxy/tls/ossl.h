// SPDX-License-Identifier: Apache-2.0
// Owners of OpenSSL's objects.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <memory>

namespace longthrow {

template <auto kFree>
struct OsslDelete {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};

using BioPtr = std::unique_ptr<BIO, OsslDelete<BIO_free>>;
using BioMethodPtr = std::unique_ptr<BIO_METHOD, OsslDelete<BIO_meth_free>>;
using GeneralNamesPtr = std::unique_ptr<GENERAL_NAMES, OsslDelete<GENERAL_NAMES_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, OsslDelete<EVP_PKEY_free>>;
using SessionPtr = std::unique_ptr<SSL_SESSION, OsslDelete<SSL_SESSION_free>>;
using SslContextPtr = std::unique_ptr<SSL_CTX, OsslDelete<SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, OsslDelete<SSL_free>>;
using StoreContextPtr = std::unique_ptr<X509_STORE_CTX, OsslDelete<X509_STORE_CTX_free>>;
using StorePtr = std::unique_ptr<X509_STORE, OsslDelete<X509_STORE_free>>;
using X509Ptr = std::unique_ptr<X509, OsslDelete<X509_free>>;

}  // namespace longthrow
