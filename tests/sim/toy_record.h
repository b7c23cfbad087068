// SPDX-License-Identifier: Apache-2.0
// One direction of a toy TLS connection, at either end: its key, and the number of its next record.
#pragma once

#include <cstdint>
#include <optional>

#include "longthrow/bytes.h"

namespace longthrow::sim {

// As in TLS 1.3.
enum class ToyType : std::uint8_t { alert = 0x15, handshake = 0x16, data = 0x17 };

inline constexpr std::size_t kToyHeaderBytes = 3;
inline constexpr std::size_t kToySealBytes = 8;

// Both ends have an equal one, and take each step in the same order.
class ToyKey {
 public:
  ToyKey() = default;
  explicit ToyKey(std::uint64_t key) : key_(key) {}

  // Appends one record of `plain` to `out`.
  void seal(ToyType type, ByteView plain, ByteQueue& out);
  // Turns `sealed` into plain bytes, in place, and returns them; nothing: it is not the next record
  // as its sender sealed it.
  [[nodiscard]] std::optional<ByteView> open(ToyType type, ByteSpan sealed);
  // The next records have a new key.
  void update();

 private:
  void cipher(ByteSpan bytes) const;
  [[nodiscard]] std::uint64_t checksum(ToyType type, ByteView plain) const;

  std::uint64_t key_ = 0;
  std::uint64_t number_ = 0;
};

}  // namespace longthrow::sim
