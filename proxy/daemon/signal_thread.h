// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <thread>

namespace longthrow {

// Call before the first thread is made. Blocks SIGHUP, SIGTERM and SIGINT in all threads, until a
// SignalThread takes them; ignores SIGPIPE (a write to a closed socket returns an error instead).
void prepare_signals();

// A thread that reads signals from a signalfd, so that the handler may call any function. REQUIRES:
// prepare_signals.
class SignalThread {
 public:
  explicit SignalThread(std::function<void(int signal)> handler);
  SignalThread(const SignalThread&) = delete;
  SignalThread& operator=(const SignalThread&) = delete;
  ~SignalThread();  // waits for a handler that is running

 private:
  void run();

  std::function<void(int)> handler_;
  int signals_ = -1;  // signalfd
  int end_ = -1;      // eventfd
  std::thread thread_;
};

}  // namespace longthrow
