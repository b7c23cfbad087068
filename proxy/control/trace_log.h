// SPDX-License-Identifier: Apache-2.0
// Keeps the trace of a node: what its status shows each second goes to the disk once a minute.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "longthrow/status.h"
#include "proxy/control/disk_thread.h"
#include "proxy/control/json.h"
#include "proxy/control/trace_files.h"
#include "proxy/trace/recorder.h"

namespace longthrow::control {

namespace asio = boost::asio;

// Control thread only, but for the constructor, start() and close(). If the files cannot be written
// it is tried again; what waits is bounded, and what is given up is logged.
class TraceLog {
 public:
  using Reply = std::function<void(json::object)>;
  // `disk` outlives this.
  TraceLog(asio::io_context& io, DiskThread& disk) : io_(io), disk_(disk) {}

  // REQUIRES: the control thread does not run yet, and `disk` is started.
  void start(const std::string& state_dir);
  // A status of now.
  void note(const Status& status);
  // Writes all that is known, and then says where the trace is.
  void answer(Reply reply);
  // Writes what is left. REQUIRES: the control thread does not run any more, and `disk` has ended.
  void close();

 private:
  // Bounds what waits while the disk does not take it: beyond it the older part is given up.
  static constexpr std::size_t kWaitingBytesMax = 1024 * 1024;
  static constexpr std::chrono::seconds kTryAgain{30};

  void write();
  void finish();
  void keep_for_later();
  void bound_waiting();
  static void give_up(std::string& blocks);
  void reply_to_all();
  [[nodiscard]] json::object told() const;

  asio::io_context& io_;
  DiskThread& disk_;
  std::string folder_;
  std::optional<trace::Recorder> recorder_;
  std::string waiting_;
  std::string not_kept_;
  std::chrono::steady_clock::time_point next_try_;  // while it is not kept
  std::uint64_t left_out_ = 0;
  std::vector<Reply> askers_;

  // The write under way. These belong to the disk's thread while writing_ is true.
  bool writing_ = false;
  std::string written_;
  Result<void> result_;
  TraceFiles files_;
};

}  // namespace longthrow::control
