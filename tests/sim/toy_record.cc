// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/toy_record.h"

#include <algorithm>
#include <cstring>

#include "longthrow/error.h"
#include "proxy/base/checksum.h"
#include "tests/sim/random_stream.h"

namespace longthrow::sim {

void ToyKey::seal(ToyType type, ByteView plain, ByteQueue& out) {
  const std::size_t length = plain.size() + kToySealBytes;
  LT_ASSERT(length <= UINT16_MAX);
  const ByteSpan record = out.extend(kToyHeaderBytes + length);
  record[0] = static_cast<std::byte>(type);
  record[1] = static_cast<std::byte>(length >> 8);
  record[2] = static_cast<std::byte>(length);
  const ByteSpan sealed = record.subspan(kToyHeaderBytes);
  if (!plain.empty()) std::memcpy(sealed.data(), plain.data(), plain.size());
  const std::uint64_t sum = checksum(type, plain);
  std::memcpy(sealed.data() + plain.size(), &sum, sizeof sum);
  cipher(sealed);
  ++number_;
}

std::optional<ByteView> ToyKey::open(ToyType type, ByteSpan sealed) {
  if (sealed.size() < kToySealBytes) return std::nullopt;
  cipher(sealed);
  const ByteView plain = sealed.first(sealed.size() - kToySealBytes);
  std::uint64_t sum = 0;
  std::memcpy(&sum, sealed.data() + plain.size(), sizeof sum);
  if (sum != checksum(type, plain)) return std::nullopt;
  ++number_;
  return plain;
}

void ToyKey::update() { *this = ToyKey(mix64(key_ + 1)); }

void ToyKey::cipher(ByteSpan bytes) const {
  const std::uint64_t base = mix64(key_ ^ mix64(number_ + 1));
  for (std::size_t i = 0; i < bytes.size(); i += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    const std::size_t size = std::min(sizeof word, bytes.size() - i);
    std::memcpy(&word, bytes.data() + i, size);
    word ^= mix64(base + i);
    std::memcpy(bytes.data() + i, &word, size);
  }
}

std::uint64_t ToyKey::checksum(ToyType type, ByteView plain) const {
  return checksum64(plain, mix64(key_ ^ number_) + static_cast<std::uint64_t>(type));
}

}  // namespace longthrow::sim
