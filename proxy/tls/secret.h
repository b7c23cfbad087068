// SPDX-License-Identifier: Apache-2.0
// Bytes that are wiped when they are freed: keys, and the text that keys were read from.
#pragma once

#include <openssl/crypto.h>

#include <string_view>
#include <utility>
#include <vector>

#include "longthrow/bytes.h"

namespace longthrow {

// A buffer of fixed size; it never reallocates, so no copy stays behind. Move only.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::size_t bytes) : bytes_(bytes) {}
  Secret(Secret&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  Secret& operator=(Secret&& other) noexcept {
    bytes_.swap(other.bytes_);  // `other` wipes ours
    return *this;
  }
  ~Secret() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

  [[nodiscard]] ByteView view() const { return bytes_; }
  [[nodiscard]] ByteSpan span() { return bytes_; }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  // Shortens the view; what is cut off is wiped now.
  void truncate(std::size_t bytes) {
    OPENSSL_cleanse(bytes_.data() + bytes, bytes_.size() - bytes);
    bytes_.resize(bytes);
  }
  [[nodiscard]] std::string_view text() const {
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
  }
  [[nodiscard]] const unsigned char* data() const {
    return reinterpret_cast<const unsigned char*>(bytes_.data());
  }

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace longthrow
