// SPDX-License-Identifier: Apache-2.0
#include "tools/wanlink/child.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstring>

#include "proxy/base/log.h"

namespace longthrow::wanlink {
namespace {

constexpr int kTermGraceMs = 5000;
constexpr int kNotFound = 127;  // as a shell says it

[[noreturn]] void become(const std::vector<std::string>& command, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(kNotFound);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  ::execvp(arguments[0], arguments.data());
  const std::string line = format("wanlink: {}: {}\n", command[0], std::strerror(errno));
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
  ::_exit(kNotFound);
}

}  // namespace

Child::~Child() {
  if (!running()) return;
  ::kill(pid_, SIGTERM);
  pollfd ended{.fd = pidfd_.get(), .events = POLLIN, .revents = 0};
  if (::poll(&ended, 1, kTermGraceMs) <= 0) ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

Result<void> Child::start(const std::vector<std::string>& command) {
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) become(command, parent);
  if (pid_ < 0) return fail(format("cannot start {}: {}", command[0], std::strerror(errno)), errno);
  pidfd_ = Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  if (!pidfd_.valid()) return fail(format("pidfd_open: {}", std::strerror(errno)), errno);
  return {};
}

int Child::collect() {
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace longthrow::wanlink
