// SPDX-License-Identifier: Apache-2.0
#include "proxy/daemon/signal_thread.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <utility>

#include "longthrow/error.h"

namespace longthrow {
namespace {

sigset_t handled_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGHUP, SIGTERM, SIGINT}) sigaddset(&set, signal);
  return set;
}

}  // namespace

void prepare_signals() {
  const sigset_t set = handled_signals();
  LT_ASSERT(pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);
  std::signal(SIGPIPE, SIG_IGN);
}

SignalThread::SignalThread(std::function<void(int)> handler) : handler_(std::move(handler)) {
  const sigset_t set = handled_signals();
  signals_ = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  end_ = ::eventfd(0, EFD_CLOEXEC);
  LT_ASSERT(signals_ >= 0 && end_ >= 0);
  thread_ = std::thread([this] { run(); });
}

SignalThread::~SignalThread() {
  const std::uint64_t one = 1;
  LT_ASSERT(::write(end_, &one, sizeof one) == sizeof one);
  thread_.join();
  ::close(signals_);
  ::close(end_);
}

void SignalThread::run() {
  pthread_setname_np(pthread_self(), "lt-signals");
  std::array<pollfd, 2> wait{pollfd{.fd = signals_, .events = POLLIN, .revents = 0},
                             pollfd{.fd = end_, .events = POLLIN, .revents = 0}};
  while (wait[1].revents == 0) {
    if (::poll(wait.data(), wait.size(), -1) < 0) continue;
    signalfd_siginfo info{};
    while (wait[1].revents == 0 && ::read(signals_, &info, sizeof info) == sizeof info) {
      handler_(static_cast<int>(info.ssi_signo));
    }
  }
}

}  // namespace longthrow
