// SPDX-License-Identifier: Apache-2.0
// DRBD's packets as bytes, for tests.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "longthrow/bytes.h"
#include "proxy/drbd/packet_scanner.h"

namespace longthrow::drbd::test {

using Bytes = std::vector<std::byte>;

inline void put(Bytes& out, std::uint64_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
    out.push_back(static_cast<std::byte>(value >> shift & 0xff));
}

inline Bytes payload_of(std::uint32_t bytes, std::uint32_t handle) {
  Bytes payload;
  if (bytes >= 4) put(payload, handle, 4);
  payload.resize(bytes, std::byte{0x83});  // looks like the begin of a magic number
  return payload;
}

inline Bytes packet80(Command command, std::uint16_t payload_bytes = 0, std::uint32_t handle = 0) {
  Bytes out;
  put(out, 0x83740267, 4);
  put(out, static_cast<std::uint16_t>(command), 2);
  put(out, payload_bytes, 2);
  const Bytes payload = payload_of(payload_bytes, handle);
  out.insert(out.end(), payload.begin(), payload.end());
  return out;
}

inline Bytes packet95(Command command, std::uint32_t payload_bytes) {
  Bytes out;
  put(out, 0x835a, 2);
  put(out, static_cast<std::uint16_t>(command), 2);
  put(out, payload_bytes, 4);
  const Bytes payload = payload_of(payload_bytes, 0);
  out.insert(out.end(), payload.begin(), payload.end());
  return out;
}

inline Bytes packet100(Command command, std::uint16_t volume, std::uint32_t payload_bytes,
                       std::uint32_t handle = 0, std::uint32_t pad = 0) {
  Bytes out;
  put(out, 0x8620ec20, 4);
  put(out, volume, 2);
  put(out, static_cast<std::uint16_t>(command), 2);
  put(out, payload_bytes, 4);
  put(out, pad, 4);
  const Bytes payload = payload_of(payload_bytes, handle);
  out.insert(out.end(), payload.begin(), payload.end());
  return out;
}

// A data stream's handshake up to the features, in one direction.
inline Bytes features(std::uint32_t protocol_max) {
  Bytes out = packet80(Command::connection_features, 72, 86);
  Bytes word;
  put(word, protocol_max, 4);
  std::copy(word.begin(), word.end(), out.begin() + 8 + 8);
  return out;
}

inline Bytes operator+(Bytes left, const Bytes& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

}  // namespace longthrow::drbd::test
