// SPDX-License-Identifier: Apache-2.0
// Data of known kinds, the same at every run.
#pragma once

#include <algorithm>
#include <cstring>
#include <random>
#include <string_view>
#include <vector>

#include "longthrow/bytes.h"

namespace longthrow {

using Bytes = std::vector<std::byte>;

inline Bytes random_bytes(std::size_t size, std::uint32_t seed = 1) {
  std::mt19937_64 random(seed);
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; i += 8) {
    const std::uint64_t word = random();
    std::memcpy(bytes.data() + i, &word, std::min<std::size_t>(8, size - i));
  }
  return bytes;
}

// Words drawn at random: compresses about 3:1.
inline Bytes text_bytes(std::size_t size, std::uint32_t seed = 1) {
  static constexpr std::string_view kWords[] = {
      "replication ", "buffer ", "the ",  "of ",   "a ",     "write ", "block ", "network ",
      "latency ",     "commit ", "page ", "and ",  "index ", "tuple ", "is\n",   "not ",
      "primary ",     "peer ",   "log ",  "lsn=0", "x",      "42 ",    "ack ",   "stall "};
  std::mt19937 random(seed);
  Bytes bytes;
  bytes.reserve(size + 16);
  while (bytes.size() < size) {
    const auto word = std::as_bytes(std::span(kWords[random() % std::size(kWords)]));
    bytes.insert(bytes.end(), word.begin(), word.end());
    bytes.push_back(static_cast<std::byte>('0' + random() % 10));
  }
  bytes.resize(size);
  return bytes;
}

inline Bytes zero_bytes(std::size_t size) { return Bytes(size); }

}  // namespace longthrow
