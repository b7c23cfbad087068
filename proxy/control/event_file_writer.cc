// SPDX-License-Identifier: Apache-2.0
#include "proxy/control/event_file_writer.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "proxy/base/durable_file.h"
#include "proxy/base/log.h"

namespace longthrow::control {
namespace {

constexpr unsigned kMode = 0640;

}  // namespace

EventFileWriter::EventFileWriter(asio::io_context& io, DiskThread& disk,
                                 std::function<std::string()> whole)
    : io_(io), disk_(disk), whole_(std::move(whole)), retry_(io) {}

void EventFileWriter::start(std::string path) {
  path_ = std::move(path);
  write();
}

void EventFileWriter::append(const std::string& lines) {
  to_append_ += lines;
  if (to_append_.size() > kAppendBytesMax) write_all_ = true;
  write();
}

void EventFileWriter::rewrite() {
  write_all_ = true;
  write();
}

void EventFileWriter::write() {
  if (writing_ || waits_ || path_.empty() || (!write_all_ && to_append_.empty())) return;
  begin();
  disk_.post([this] {
    run();
    asio::post(io_, [this] {
      if (writing_) finish();
      write();
    });
  });
}

void EventFileWriter::begin() {
  writing_ = true;
  writing_all_ = std::exchange(write_all_, false);
  written_ = std::exchange(to_append_, {});
  if (writing_all_) written_ = whole_();
}

// On the disk's thread.
void EventFileWriter::run() {
  result_ =
      writing_all_ ? replace_file(path_, written_, kMode) : append_to_file(path_, written_, kMode);
}

void EventFileWriter::finish() {
  writing_ = false;
  if (result_) {
    if (!std::exchange(not_kept_, {}).empty()) log_info("events are kept on the disk again");
    return;
  }
  if (not_kept_.empty())
    log_warning("events are not kept on the disk: {}", result_.error().message);
  not_kept_ = result_.error().message;
  write_all_ = true;
  waits_ = true;
  retry_.expires_after(kTryAgain);
  retry_.async_wait([this](const boost::system::error_code& stopped) {
    if (stopped) return;
    waits_ = false;
    write();
  });
}

void EventFileWriter::close() {
  if (path_.empty()) return;
  if (writing_) finish();
  if (write_all_ || !to_append_.empty()) {
    begin();
    run();
    finish();
  }
  path_.clear();
}

}  // namespace longthrow::control
