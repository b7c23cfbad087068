// SPDX-License-Identifier: Apache-2.0
#include "tools/longthrow/init/new_files.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>

#include "proxy/base/durable_file.h"
#include "proxy/base/log.h"
#include "proxy/control/status_json.h"
#include "proxy/tls/private_file.h"

namespace longthrow::cli {
namespace {

namespace fs = std::filesystem;

bool is_there(const fs::path& path) {
  std::error_code failed;
  return fs::symlink_status(path, failed).type() != fs::file_type::not_found;
}

// "longthrow.toml.2026-01-31T12:00:00.000Z": it ends in nothing that longthrowd reads.
fs::path backup_of(const fs::path& path) {
  fs::path name = path;
  name += "." + control::utc_text(std::chrono::system_clock::now());
  return name;
}

Result<void> keep_backup(const fs::path& path, Written& written) {
  if (!is_there(path)) return {};
  const fs::path backup = backup_of(path);
  std::error_code failed;
  fs::rename(path, backup, failed);
  if (failed)
    return fail(
        format("{} cannot be kept as {}: {}", path.string(), backup.string(), failed.message()));
  written.backups.push_back(backup.string());
  return {};
}

void give_to_daemon(const fs::path& path, Written& written) {
  const auto user = daemon_user();
  if (!user) return;
  if (::chown(path.c_str(), user->uid, user->gid) == 0) return;
  written.warnings.push_back(
      format("{} cannot be given to the user {} ({}): longthrowd may not read it", path.string(),
             kDaemonUser, std::strerror(errno)));
}

Result<void> write(const NewFile& file, Written& written) {
  if (Result<void> made = make_folder(file.path.parent_path()); !made) return made;
  if (Result<void> kept = keep_backup(file.path, written); !kept) return kept;
  Result<void> done = file.secret ? write_new_private_file(file.path.string(), file.text)
                                  : replace_file(file.path, file.text, 0644);
  // Whatever our umask is: the daemon is another user.
  if (done && !file.secret && ::chmod(file.path.c_str(), 0644) != 0)
    written.warnings.push_back(format("{} may not be readable for longthrowd", file.path.string()));
  if (done && file.owner == NewFile::Owner::daemon) give_to_daemon(file.path, written);
  return done;
}

}  // namespace

std::optional<DaemonUser> daemon_user() {
  if (::geteuid() != 0) return std::nullopt;
  const passwd* user = ::getpwnam(kDaemonUser);
  if (user == nullptr) return std::nullopt;
  return DaemonUser{user->pw_uid, user->pw_gid};
}

Result<Written> write_files(const std::vector<NewFile>& files, Existing existing) {
  for (const NewFile& file : files) {
    if (existing == Existing::keep_backup || !is_there(file.path)) continue;
    return fail(
        format("{} is there already, and nothing was written; --force replaces it and keeps a "
               "backup, --directory names another folder",
               file.path.string()));
  }
  Written written;
  for (const NewFile& file : files) {
    if (Result<void> done = write(file, written); !done) return std::unexpected(done.error());
  }
  return written;
}

}  // namespace longthrow::cli
