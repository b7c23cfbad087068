// SPDX-License-Identifier: Apache-2.0
// `set --save`: reads and writes the file on the disk.
#include "proxy/base/durable_file.h"
#include "proxy/base/log.h"
#include "proxy/config/saved_settings.h"

namespace longthrow {

namespace fs = std::filesystem;

Result<void> save_setting(const fs::path& main_file, const SavedSetting& setting) {
  std::error_code error;
  const fs::path path = fs::absolute(main_file, error).parent_path() / kSavedSettingsFile;
  if (error) return fail(format("cannot find {}: {}", main_file.string(), error.message()));
  if (auto made = make_folder(path.parent_path()); !made) return made;
  const auto old_text = read_whole_file(path);
  if (!old_text) return std::unexpected(old_text.error());
  const auto new_text = update_saved_settings(*old_text, setting);
  if (!new_text) return std::unexpected(new_text.error());
  return replace_file(path, *new_text, 0644);
}

}  // namespace longthrow
