// SPDX-License-Identifier: Apache-2.0
// Writes the history of events to its file, on the thread that waits for the disk.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <string>

#include "longthrow/error.h"
#include "proxy/control/disk_thread.h"

namespace longthrow::control {

namespace asio = boost::asio;

// Control thread only, but for the constructor, start() and close(). If the file cannot be written
// it is tried again, and not_kept() says why.
class EventFileWriter {
 public:
  // `whole` gives the text of a new file; it is called before a write that replaces the file.
  // `disk` outlives this.
  EventFileWriter(asio::io_context& io, DiskThread& disk, std::function<std::string()> whole);
  EventFileWriter(const EventFileWriter&) = delete;
  EventFileWriter& operator=(const EventFileWriter&) = delete;
  ~EventFileWriter() { close(); }

  // From now on lines are written to `path`. REQUIRES: `disk` is started.
  void start(std::string path);
  void append(const std::string& lines);
  // The next write replaces the file.
  void rewrite();
  // Writes what is left, and waits for the disk. REQUIRES: the control thread does not run, and
  // `disk` has ended.
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
  DiskThread& disk_;
  std::function<std::string()> whole_;
  std::string path_;  // "": not started
  std::string to_append_;
  bool write_all_ = false;
  bool waits_ = false;  // for the next try
  std::string not_kept_;
  asio::steady_timer retry_;

  // The write under way. These belong to the disk's thread while writing_ is true.
  bool writing_ = false;
  bool writing_all_ = false;
  std::string written_;
  Result<void> result_;
};

}  // namespace longthrow::control
