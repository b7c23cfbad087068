// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <thread>

namespace longthrow {

// Before the first thread is made: SIGHUP, SIGTERM and SIGINT wait for a SignalThread, in all
// threads; SIGPIPE is ignored (a write to a closed socket is an error like others).
void prepare_signals();

// A thread that takes signals as values: handlers may do what they like. REQUIRES: prepare_signals.
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
