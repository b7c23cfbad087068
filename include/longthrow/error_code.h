// SPDX-License-Identifier: Apache-2.0
// The codes of errors, declared once. A code exists if, and only if, something reacts to it or
// counts it: an error that is only told is `other`. tools/setup/rules.py asks for both of each.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

// X(code, what it ends, what has happened)
#define LT_ERROR_CODES(X)                                                                     \
  X(other, start, "told to whoever asked for it, who does not ask which it was")              \
  X(protocol, lane, "the peer broke the protocol: counted, and too many end the session")     \
  X(corrupt_frame, channel, "a frame failed its checksum once too often")                     \
  X(no_memory, lane, "no memory for a frame that came: dropped, and the peer sends it again") \
  X(peer_closed, lane, "the other end closed the connection, and no failure did")             \
  X(in_use, start, "another process has what only one can have")                              \
  X(interface_missing, start, "the interface of an address is not there yet")                 \
  X(damaged_file, start, "a file could be read, and is not what was written")

namespace longthrow {

// What an error ends: `start` is whatever was begun, the daemon's start or a command.
enum class ErrorScope : std::uint8_t { channel, lane, link, start };

#define LT_ERROR_CODE(code, scope, about) code,
enum class ErrorCode : std::uint8_t { LT_ERROR_CODES(LT_ERROR_CODE) };
#undef LT_ERROR_CODE

struct ErrorKind {
  ErrorCode code = ErrorCode::other;
  std::string_view name;
  ErrorScope scope = ErrorScope::start;
  std::string_view about;
};

#define LT_ERROR_KIND(code, scope, about) \
  ErrorKind{ErrorCode::code, #code, ErrorScope::scope, about},
// In the order of the codes.
inline constexpr std::array kErrorKinds = {LT_ERROR_CODES(LT_ERROR_KIND)};
#undef LT_ERROR_KIND

[[nodiscard]] constexpr const ErrorKind& kind_of(ErrorCode code) {
  return kErrorKinds[static_cast<std::size_t>(code)];
}

}  // namespace longthrow
