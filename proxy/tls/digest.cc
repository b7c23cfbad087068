// SPDX-License-Identifier: Apache-2.0
#include "proxy/tls/digest.h"

#include <openssl/evp.h>

#include <array>
#include <memory>

#include "longthrow/error.h"
#include "proxy/base/log.h"

namespace longthrow {

std::string short_digest(std::string_view label, ByteView bytes) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  const bool hashed = context != nullptr &&
                      EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1 &&
                      EVP_DigestUpdate(context.get(), label.data(), label.size()) == 1 &&
                      EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) == 1 &&
                      EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) == 1;
  LT_ASSERT(hashed);
  return format("{:02x}{:02x}-{:02x}{:02x}-{:02x}{:02x}-{:02x}{:02x}", digest[0], digest[1],
                digest[2], digest[3], digest[4], digest[5], digest[6], digest[7]);
}

}  // namespace longthrow
