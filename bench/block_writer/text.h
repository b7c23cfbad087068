// SPDX-License-Identifier: Apache-2.0
// Sizes and rates as people write them, and a SHA-256 as text.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "longthrow/bytes.h"
#include "longthrow/error.h"

struct evp_md_ctx_st;

namespace longthrow {

// "65536", "64KiB", "1.5MiB", "2GB": bytes.
[[nodiscard]] Result<std::uint64_t> parse_size(std::string_view text);
// A size with an optional "/s", or "50mbit", "1gbit"; "unlimited" is 0: bytes per second.
[[nodiscard]] Result<std::uint64_t> parse_rate(std::string_view text);

class Sha256 {
 public:
  Sha256();
  void update(ByteView bytes);
  // Hexadecimal. Call once.
  [[nodiscard]] std::string finish();

 private:
  struct Deleter {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Deleter> context_;
};

}  // namespace longthrow
