// SPDX-License-Identifier: Apache-2.0
// Small files of state that must be whole after a crash. All of it blocks on the disk.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "longthrow/error.h"

namespace longthrow {

// Replaces `path` by a file with `text`, of `mode` less the umask: after a crash either the old
// file is there or the new one. One writer at a time. The folder exists.
[[nodiscard]] Result<void> replace_file(const std::filesystem::path& path, std::string_view text,
                                        unsigned mode);

// Appends `text` to a file, which is made where it is missing, of `mode` less the umask. On return
// the text is on the disk. After a crash during the call the file may end with a part of the text.
[[nodiscard]] Result<void> append_to_file(const std::filesystem::path& path, std::string_view text,
                                          unsigned mode);

// Makes a folder where it is missing, and those above it.
[[nodiscard]] Result<void> make_folder(const std::filesystem::path& path);

// The whole text; "" where there is no such file.
[[nodiscard]] Result<std::string> read_whole_file(const std::filesystem::path& path);

}  // namespace longthrow
