// SPDX-License-Identifier: Apache-2.0
// Writes a few new files and never loses an old one. Blocks on the disk.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "longthrow/error.h"

namespace longthrow::cli {

struct NewFile {
  enum class Owner : std::uint8_t { us, daemon };
  std::filesystem::path path;
  std::string text;
  bool secret = false;  // mode 0600, else 0644; its text is not shown
  Owner owner = Owner::us;
};

// What to do with a file that is there already.
enum class Existing : std::uint8_t { refuse, keep_backup };

struct Written {
  std::vector<std::string> backups;   // names of the old files
  std::vector<std::string> warnings;  // sentences
};

// Writes all of them, or none if one of them exists (Existing::refuse). Makes the folder of each.
[[nodiscard]] Result<Written> write_files(const std::vector<NewFile>& files, Existing existing);

// The user as which longthrowd runs, if this machine has one and we are root.
struct DaemonUser {
  unsigned uid = 0;
  unsigned gid = 0;
};
inline constexpr const char* kDaemonUser = "longthrow";
[[nodiscard]] std::optional<DaemonUser> daemon_user();

}  // namespace longthrow::cli
