// SPDX-License-Identifier: Apache-2.0
#include "tools/longthrow/freeze_guard.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "proxy/base/log.h"

namespace longthrow::cli {
namespace {

using Clock = std::chrono::steady_clock;

// The guardian's words. 'P': the process group of the freeze command. 'F': it has ended, with this
// code. 'T', 'D', 'G': it was
// thawed, by order, because the time was over, or because nobody was there any more.
constexpr char kGroup = 'P';
constexpr char kFrozen = 'F';
constexpr char kByOrder = 'T';
constexpr char kTimeOver = 'D';
constexpr char kGone = 'G';

constexpr int kTo = 3;  // in the guardian
constexpr int kFrom = 4;

int exit_code(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// A shell of its own process group, that dies with its parent.
pid_t start_shell(const std::string& command) {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::setpgid(0, 0);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE}) ::signal(signal, SIG_DFL);
  ::execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
  ::_exit(127);
}

int run_shell(const std::string& command) {
  const pid_t pid = start_shell(command);
  if (pid < 0) return 126;
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  return exit_code(status);
}

int milliseconds_until(Clock::time_point when) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(when - Clock::now());
  return static_cast<int>(std::max<long>(left.count(), 0));
}

// --- the guardian: it must not allocate much, throw, or return

void say(char what, int code) {
  std::array<char, 16> text{};
  const int size = std::snprintf(text.data(), text.size(), "%c%d\n", what, code);
  if (::write(kFrom, text.data(), static_cast<std::size_t>(size)) < 0) return;  // nobody reads it
}

// Whether an order to thaw, or the end of the other process, comes until then.
enum class Heard { nothing, order, gone };
Heard listen(int timeout_ms) {
  pollfd entry{.fd = kTo, .events = POLLIN, .revents = 0};
  int ready = 0;
  while ((ready = ::poll(&entry, 1, timeout_ms)) < 0 && errno == EINTR) continue;
  if (ready <= 0) return Heard::nothing;
  char order = 0;
  return ::read(kTo, &order, 1) == 1 ? Heard::order : Heard::gone;
}

// Runs the freeze command. A letter: it was thawed instead.
char freeze_until(const std::string& command, Clock::time_point deadline, int& code) {
  constexpr int kLookMs = 10;
  const pid_t pid = start_shell(command);
  say(kGroup, pid);
  code = 126;
  for (; pid > 0;) {
    int status = 0;
    if (::waitpid(pid, &status, WNOHANG) == pid) {
      code = exit_code(status);
      return 0;
    }
    const Heard heard = listen(kLookMs);
    const bool late = Clock::now() >= deadline;
    if (heard == Heard::nothing && !late) continue;
    ::kill(-pid, SIGKILL);
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    return heard == Heard::nothing ? kTimeOver : kGone;
  }
  return 0;
}

[[noreturn]] void guard(const FreezeGuard::Commands& commands) {
  ::setsid();
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE}) ::signal(signal, SIG_IGN);
  const Clock::time_point deadline = Clock::now() + commands.timeout;
  int code = 0;
  char why = freeze_until(commands.freeze, deadline, code);
  if (why == 0) {
    say(kFrozen, code);
    switch (code == 0 ? listen(milliseconds_until(deadline)) : Heard::order) {
      case Heard::order:
        why = kByOrder;
        break;
      case Heard::gone:
        why = kGone;
        break;
      case Heard::nothing:
        why = kTimeOver;
        break;
    }
  }
  say(why, run_shell(commands.thaw));
  ::_exit(0);
}

struct Pipe {
  int read = -1;
  int write = -1;
};

bool open_pipe(Pipe& ends) {
  std::array<int, 2> both{};
  if (::pipe2(both.data(), O_CLOEXEC) != 0) return false;
  ends = {.read = both[0], .write = both[1]};
  return true;
}

// In the guardian: keeps these two as kTo and kFrom, and of the rest only stdin to stderr.
void keep_only(int to, int from) {
  const int high_to = ::fcntl(to, F_DUPFD, 16);
  const int high_from = ::fcntl(from, F_DUPFD, 16);
  ::dup2(high_to, kTo);
  ::dup2(high_from, kFrom);
  ::close_range(kFrom + 1, ~0U, 0);
  // The commands do not hold the pipes.
  ::fcntl(kTo, F_SETFD, FD_CLOEXEC);
  ::fcntl(kFrom, F_SETFD, FD_CLOEXEC);
}

}  // namespace

Result<FreezeGuard> FreezeGuard::freeze(Commands commands) {
  Pipe orders;
  Pipe words;
  if (!open_pipe(orders) || !open_pipe(words))
    return fail(format("cannot make a pipe: {}", std::strerror(errno)), errno);
  const pid_t pid = ::fork();
  if (pid == 0) {
    keep_only(orders.read, words.write);
    guard(commands);
  }
  const int error = errno;
  ::close(orders.read);
  ::close(words.write);
  if (pid < 0) {
    ::close(orders.write);
    ::close(words.read);
    return fail(format("cannot start the guardian: {}", std::strerror(error)), error);
  }
  FreezeGuard guard(std::move(commands), pid, orders.write, words.read);
  const Word group = guard.hear();
  const Word word = guard.hear();
  if (word.what == kFrozen && word.code == 0) return guard;
  std::string why = word.what == kFrozen
                        ? format("the freeze command ended with exit code {}", word.code)
                        : "the freeze command did not end in time";
  const Word end = word.what == kFrozen ? guard.hear() : word;
  guard.close();
  if (end.what == 0) {
    why = "the guardian of the freeze was killed";
    // Its shell dies with it; this is for what the shell has started.
    if (group.what == kGroup && group.code > 1) ::kill(-group.code, SIGKILL);
    if (auto thawed = guard.thaw_here(); !thawed) why += "; " + thawed.error().message;
  } else if (end.code != 0) {
    why += format("; the thaw command ended with exit code {}", end.code);
  }
  return fail(why);
}

FreezeGuard::FreezeGuard(FreezeGuard&& other) noexcept
    : commands_(std::move(other.commands_)),
      guardian_(std::exchange(other.guardian_, -1)),
      to_(std::exchange(other.to_, -1)),
      from_(std::exchange(other.from_, -1)) {}

FreezeGuard::~FreezeGuard() {
  if (guardian_ > 0) (void)thaw();
}

FreezeGuard::Word FreezeGuard::hear() const {
  std::string line;
  char next = 0;
  for (;;) {
    const ssize_t got = ::read(from_, &next, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return {};
    if (next == '\n') break;
    line += next;
  }
  return {.what = line.empty() ? '\0' : line.front(),
          .code = line.size() > 1 ? std::atoi(line.c_str() + 1) : 0};
}

bool FreezeGuard::over() const {
  pollfd entry{.fd = from_, .events = POLLIN, .revents = 0};
  return guardian_ <= 0 || ::poll(&entry, 1, 0) != 0;
}

Result<void> FreezeGuard::thaw() {
  if (guardian_ <= 0) return {};
  const char order = 't';
  // The guardian may have gone: SIGPIPE would end this process.
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  (void)!::write(to_, &order, 1);
  std::signal(SIGPIPE, before);
  const Word word = hear();
  close();
  if (word.what == 0) {
    auto thawed = thaw_here();
    if (!thawed) return thawed;
    return fail("the guardian of the freeze was killed; it is thawed");
  }
  if (word.code != 0)
    return fail(
        format("THE THAW COMMAND HAS FAILED with exit code {}: {}", word.code, commands_.thaw));
  if (word.what == kTimeOver)
    return fail(format("it was thawed after {} ms, before the checkpoint had its place",
                       commands_.timeout.count()));
  return {};
}

Result<void> FreezeGuard::thaw_here() {
  const int code = run_shell(commands_.thaw);
  if (code == 0) return {};
  return fail(format("THE THAW COMMAND HAS FAILED with exit code {}: {}", code, commands_.thaw));
}

void FreezeGuard::close() {
  ::close(to_);
  ::close(from_);
  while (::waitpid(guardian_, nullptr, 0) < 0 && errno == EINTR) continue;
  guardian_ = to_ = from_ = -1;
}

}  // namespace longthrow::cli
