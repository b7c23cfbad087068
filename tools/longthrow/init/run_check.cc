// SPDX-License-Identifier: Apache-2.0
// A key is readable for its owner alone, and longthrowd refuses one of another owner. So root, who
// has just given the key to the daemon's user, becomes that user before it asks.
#include "tools/longthrow/init/run_check.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <sstream>

#include "proxy/base/log.h"
#include "tools/longthrow/init/new_files.h"

namespace longthrow::cli {
namespace {

constexpr int kNotStarted = 127;

std::string program() {
  std::error_code failed;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", failed);
  const std::filesystem::path beside = self.parent_path() / "longthrowd";
  return !failed && std::filesystem::exists(beside, failed) ? beside.string() : "longthrowd";
}

// In the child: between fork and exec only what is safe there. `argv` was made before.
[[noreturn]] void become_check(const std::optional<DaemonUser>& user, int out, char* const* argv) {
  (void)::dup2(out, STDOUT_FILENO);
  (void)::dup2(out, STDERR_FILENO);
  const bool may = !user || (::setgroups(0, nullptr) == 0 && ::setgid(user->gid) == 0 &&
                             ::setuid(user->uid) == 0);
  if (may) ::execvp(argv[0], argv);
  ::_exit(kNotStarted);
}

std::string read_all(int fd) {
  std::string text;
  std::array<char, 4096> part{};
  for (;;) {
    const ssize_t got = ::read(fd, part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    text.append(part.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace

CheckReport run_check(const std::filesystem::path& config_file) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0)
    return {CheckOutcome::not_run, {format("no pipe: {}", std::strerror(errno))}};
  std::array<std::string, 4> words{program(), "--config", config_file.string(), "--check"};
  std::array<char*, 5> argv{words[0].data(), words[1].data(), words[2].data(), words[3].data(),
                            nullptr};
  const auto user = daemon_user();
  const pid_t child = ::fork();
  if (child == 0) become_check(user, pipe[1], argv.data());
  ::close(pipe[1]);
  std::istringstream said(child > 0 ? read_all(pipe[0]) : std::string());
  ::close(pipe[0]);
  int status = 0;
  while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  CheckReport report;
  for (std::string line; std::getline(said, line);) report.lines.push_back(line);
  if (child < 0 || (WIFEXITED(status) && WEXITSTATUS(status) == kNotStarted)) {
    report.lines.push_back(format("{} could not be run{}", words[0],
                                  user ? format(" as the user {}", kDaemonUser) : ""));
    return report;
  }
  const bool good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  report.outcome = good ? CheckOutcome::good : CheckOutcome::refused;
  return report;
}

}  // namespace longthrow::cli
