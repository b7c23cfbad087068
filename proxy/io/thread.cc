// SPDX-License-Identifier: Apache-2.0
#include "proxy/io/thread.h"

#include <pthread.h>

#include <csignal>
#include <cstring>
#include <system_error>
#include <utility>

#include "proxy/base/log.h"

namespace longthrow {

Result<std::thread> start_thread(const std::string& name, std::function<void()> body) {
  LT_ASSERT(name.size() <= 15);
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);  // the new thread inherits it
  std::thread thread;
  int error = 0;
  try {
    thread = std::thread([name, body = std::move(body)] {
      pthread_setname_np(pthread_self(), name.c_str());
      body();
    });
  } catch (const std::system_error& refused) {
    error = refused.code().value();
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (error != 0) return fail(format("cannot start {}: {}", name, std::strerror(error)), error);
  return thread;
}

}  // namespace longthrow
