// SPDX-License-Identifier: Apache-2.0
// Writes the history of events to its file. A thread of its own waits for the disk, so that a disk
// that hangs keeps nobody from asking for the status.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <optional>
#include <string>

#include "longthrow/error.h"

namespace longthrow::control {

namespace asio = boost::asio;

// Control thread only, but for the constructor, start() and close(). If the file cannot be written
// it is tried again, and not_kept() says why.
class EventFileWriter {
 public:
  // `whole` gives the text of a new file; it is called before a write that replaces the file.
  EventFileWriter(asio::io_context& io, std::function<std::string()> whole);
  EventFileWriter(const EventFileWriter&) = delete;
  EventFileWriter& operator=(const EventFileWriter&) = delete;
  ~EventFileWriter() { close(); }

  // Makes the thread, with the caller's signal mask. From now on lines are written to `path`.
  void start(std::string path);
  void append(const std::string& lines);
  // The next write replaces the file.
  void rewrite();
  // Writes what is left, and waits for the disk. REQUIRES: the control thread does not run.
  void close();
  [[nodiscard]] const std::string& not_kept() const { return not_kept_; }

 private:
  // Bounds the lines that wait while the disk cannot be written. Beyond it the next write replaces
  // the file.
  static constexpr std::size_t kAppendBytesMax = 64 * 1024;
  static constexpr std::chrono::seconds kTryAgain{30};

  void write();
  void begin();
  void run();
  void finish();

  asio::io_context& io_;
  std::function<std::string()> whole_;
  std::string path_;  // "": not started
  std::string to_append_;
  bool write_all_ = false;
  bool waits_ = false;  // for the next try
  std::string not_kept_;
  asio::steady_timer retry_;

  // The write under way. These belong to the pool's thread while writing_ is true.
  bool writing_ = false;
  bool writing_all_ = false;
  std::string written_;
  Result<void> result_;
  std::optional<asio::thread_pool> pool_;
};

}  // namespace longthrow::control
