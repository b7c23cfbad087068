// SPDX-License-Identifier: Apache-2.0
// Errors of the world (peer, network, files): returned, never thrown on the data plane. Our own
// bugs are LT_ASSERT failures, which stay on in release builds.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace longthrow {

// What went wrong, as a sentence that an administrator can act on. `os_errno` is a positive errno
// value where the kernel gave one, else 0.
struct Error {
  std::string message;
  int os_errno = 0;
};

template <typename T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(std::string message, int os_errno = 0) {
  return std::unexpected(Error{std::move(message), os_errno});
}

// Prints the failed condition and aborts. Never returns.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace longthrow

#define LT_ASSERT(condition)              \
  (static_cast<bool>(condition) ? void(0) \
                                : ::longthrow::assertion_failed(#condition, __FILE__, __LINE__))
