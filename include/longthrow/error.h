// SPDX-License-Identifier: Apache-2.0
// Errors of the world (peer, network, files): returned, never thrown on the data plane. Our own
// bugs are LT_ASSERT failures, which stay on in release builds.
#pragma once

#include <expected>
#include <string>
#include <utility>

#include "longthrow/error_code.h"

namespace longthrow {

// What went wrong. `code` is for programs: nothing but a reader's eye looks at the text. `message`
// is a sentence that an administrator can act on. `os_errno` is a positive errno value where the
// kernel gave one, else 0.
struct Error {
  ErrorCode code = ErrorCode::other;
  std::string message;
  int os_errno = 0;
};

template <typename T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(ErrorCode code, std::string message, int os_errno = 0) {
  return std::unexpected(Error{code, std::move(message), os_errno});
}
inline std::unexpected<Error> fail(std::string message, int os_errno = 0) {
  return fail(ErrorCode::other, std::move(message), os_errno);
}
// The peer has broken the protocol.
inline std::unexpected<Error> breach(std::string message) {
  return fail(ErrorCode::protocol, std::move(message));
}

// Prints the failed condition and aborts. Never returns.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace longthrow

#define LT_ASSERT(condition)              \
  (static_cast<bool>(condition) ? void(0) \
                                : ::longthrow::assertion_failed(#condition, __FILE__, __LINE__))
