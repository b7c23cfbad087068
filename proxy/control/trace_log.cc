// SPDX-License-Identifier: Apache-2.0
#include "proxy/control/trace_log.h"

#include <boost/asio/post.hpp>
#include <chrono>
#include <utility>

#include "proxy/base/log.h"
#include "proxy/control/answer_json.h"

namespace longthrow::control {
namespace {

TimePoint monotonic_now() { return TimePoint(std::chrono::steady_clock::now().time_since_epoch()); }

}  // namespace

// The civil time names the run: two processes do not begin in the same nanosecond.
void TraceLog::start(const std::string& state_dir) {
  folder_ = trace_folder_of(state_dir);
  const auto run = std::chrono::system_clock::now().time_since_epoch();
  recorder_.emplace(static_cast<std::uint64_t>(run.count()), monotonic_now());
  writing_ = true;
  disk_.post([this] {
    result_ = files_.open(folder_);
    asio::post(io_, [this] {
      if (writing_) finish();
    });
  });
}

void TraceLog::note(const Status& status) {
  if (!recorder_) return;
  waiting_ += recorder_->look(status, monotonic_now(), std::chrono::system_clock::now());
  bound_waiting();
  if (recorder_->left_out() > left_out_) {
    left_out_ = recorder_->left_out();
    log_warning("trace: {} links and groups are beyond its bound of {} and are left out", left_out_,
                trace::Recorder::kSubjectsMax);
  }
  write();
}

void TraceLog::answer(Reply reply) {
  waiting_ += recorder_->flush();
  askers_.push_back(std::move(reply));
  write();
  if (!writing_) reply_to_all();  // there is nothing to write, or it is not yet tried again
}

void TraceLog::write() {
  if (writing_ || waiting_.empty()) return;
  if (!not_kept_.empty() && std::chrono::steady_clock::now() < next_try_) return;
  writing_ = true;
  written_ = std::exchange(waiting_, {});
  disk_.post([this] {
    result_ = files_.append(written_);
    asio::post(io_, [this] {
      if (writing_) finish();
    });
  });
}

void TraceLog::finish() {
  writing_ = false;
  if (result_) {
    if (!std::exchange(not_kept_, {}).empty()) log_info("the trace is kept on the disk again");
    written_.clear();
    if (!askers_.empty()) write();
  } else {
    keep_for_later();
  }
  if (!writing_) reply_to_all();
}

void TraceLog::keep_for_later() {
  if (not_kept_.empty())
    log_warning("the trace is not kept on the disk: {}", result_.error().message);
  not_kept_ = result_.error().message;
  next_try_ = std::chrono::steady_clock::now() + kTryAgain;
  if (written_.size() + waiting_.size() > kWaitingBytesMax) give_up(written_);
  waiting_ = std::exchange(written_, {}) + waiting_;
}

// A disk that hangs neither takes nor fails.
void TraceLog::bound_waiting() {
  if (waiting_.size() > kWaitingBytesMax) give_up(waiting_);
}

void TraceLog::give_up(std::string& blocks) {
  log_warning("trace: {} bytes that wait for the disk are given up", blocks.size());
  blocks.clear();
}

void TraceLog::reply_to_all() {
  for (const Reply& reply : std::exchange(askers_, {})) reply(told());
}

json::object TraceLog::told() const {
  json::object answer = answer_to_json(Answer{});
  answer["folder"] = folder_;
  answer["not_kept"] = not_kept_;
  return answer;
}

void TraceLog::close() {
  if (!recorder_) return;
  askers_.clear();
  if (writing_) finish();
  waiting_ += recorder_->flush();
  recorder_.reset();
  if (waiting_.empty()) return;
  written_ = std::exchange(waiting_, {});
  result_ = files_.append(written_);
  finish();
}

}  // namespace longthrow::control
