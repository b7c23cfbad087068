// SPDX-License-Identifier: Apache-2.0
// Reading files whose rights matter, and creating them. "credential:NAME" in the place of a path is
// the file NAME in systemd's CREDENTIALS_DIRECTORY.
#pragma once

#include <string>
#include <string_view>

#include "longthrow/error.h"
#include "proxy/tls/secret.h"

namespace longthrow {

// A larger file is taken for neither keys nor certificates.
inline constexpr std::size_t kKeyMaterialBytesMax = kMiB;

// Reads a file that holds a secret. Refused, with what to do about it: not a regular file, an owner
// other than this process's user or root, any right for group or others, over kKeyMaterialBytesMax.
[[nodiscard]] Result<Secret> read_private_file(const std::string& path);
// Reads a certificate file: a regular file of bounded size, whoever may read it.
[[nodiscard]] Result<Secret> read_public_file(const std::string& path);
// Creates `path` (it must not exist) with mode 0600, whatever the umask, and syncs it. On failure
// no file is left.
[[nodiscard]] Result<void> write_new_private_file(const std::string& path, std::string_view text);

}  // namespace longthrow
