// SPDX-License-Identifier: Apache-2.0
// Pre-shared keys and their files: lines `identity:hex`, `#` comments and blank lines. A dialler
// offers the first key, an acceptor takes any of them. So a key is rotated by adding the next one
// at both ends, then moving that one to the top, then removing the old one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "longthrow/error.h"
#include "longthrow/random_source.h"
#include "proxy/tls/secret.h"

namespace longthrow {

inline constexpr std::size_t kKeyBytes = 32;  // of a new key, and the least that is accepted
inline constexpr std::size_t kKeyBytesMax = 64;
inline constexpr std::size_t kKeyIdentityBytesMax = 128;

struct PresharedKey {
  std::string identity;
  Secret secret;
};

// Errors begin with `name` (a path) and the line. Errors never quote key digits.
[[nodiscard]] Result<std::vector<PresharedKey>> parse_key_file(std::string_view text,
                                                               const std::string& name);
// Also checks the file's rights, see read_private_file.
[[nodiscard]] Result<std::vector<PresharedKey>> load_key_file(const std::string& path);

// 1 to kKeyIdentityBytesMax visible ASCII characters, no ':', no '#' at the start.
[[nodiscard]] Result<void> check_key_identity(std::string_view identity);
// A line `identity:hex` with newline and a new key: a secret. REQUIRES:
// check_key_identity(identity).
[[nodiscard]] Secret generate_key_line(std::string_view identity, RandomSource& random);
// Creates `path` with one new key; it must not exist. Mode 0600.
[[nodiscard]] Result<void> write_new_key_file(const std::string& path, const std::string& identity,
                                              RandomSource& random);

// A short name of the key that may be shown and compared: "3f2a-91c0-77de-0b12".
[[nodiscard]] std::string fingerprint(const PresharedKey& key);

}  // namespace longthrow
