// SPDX-License-Identifier: Apache-2.0
// Runs the administrator's program (`notify` in [node]) for events that somebody should look at.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "longthrow/events.h"
#include "proxy/hooks/child_process.h"

namespace longthrow::control {

namespace asio = boost::asio;

// Control thread only, but for the constructor, and note() before that thread runs. One program
// runs at a time; events wait meanwhile, in a bounded queue.
class Notifier {
 public:
  struct Limits {
    std::size_t queue = 32;
    std::chrono::milliseconds timeout{10'000};  // a program that runs longer is killed
    std::chrono::milliseconds look{100};        // whether it has ended
    std::chrono::milliseconds pause{1000};      // at least so long from one run to the next
    std::chrono::hours between_lines{1};        // of the log, about a program that fails
  };
  // `program` gives the path as it is configured now; "": there is none.
  Notifier(asio::io_context& io, std::string node, std::function<std::string()> program,
           Limits limits);

  void note(const Event& event);

 private:
  void wait(std::chrono::milliseconds time);
  void look();
  void run_next();
  [[nodiscard]] std::vector<std::string> environment_of(const Event& event);
  void on_failure(const std::string& why);

  asio::steady_timer timer_;
  const std::string node_;
  const std::function<std::string()> program_;
  const Limits limits_;
  std::deque<Event> waiting_;
  std::uint64_t dropped_ = 0;  // since the last run
  bool busy_ = false;          // look() comes
  std::optional<ChildProcess> child_;
  std::chrono::steady_clock::time_point kill_at_{};
  std::optional<std::chrono::steady_clock::time_point> said_at_;
  std::uint64_t failures_ = 0;  // that were not said
};

}  // namespace longthrow::control
