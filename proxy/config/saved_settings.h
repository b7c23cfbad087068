// SPDX-License-Identifier: Apache-2.0
// `longthrow set --save`: conf.d/90-set.toml, which has a table [set.link.NAME] for each link.
// These tables are separate ones, since [link.NAME] is in the admin's file and TOML allows it once.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "longthrow/error.h"

namespace longthrow {

struct SavedSetting {
  std::string link;
  std::string key;    // memlimit, compression or bandwidth
  std::string value;  // unquoted
};

inline constexpr std::string_view kSavedSettingsFile = "conf.d/90-set.toml";

// The text of the file with `setting` in it, replacing an earlier value. Fails when the key or the
// value is not allowed, or when `text` has more than this function writes. Comments in `text` are
// lost. Pure.
[[nodiscard]] Result<std::string> update_saved_settings(std::string_view text,
                                                        const SavedSetting& setting);

// Updates the file beside `main_file`, atomically and durably: after a crash the old file is there,
// or the new one. Blocks on the disk. One writer at a time.
[[nodiscard]] Result<void> save_setting(const std::filesystem::path& main_file,
                                        const SavedSetting& setting);

}  // namespace longthrow
