// SPDX-License-Identifier: Apache-2.0
#include "proxy/control/notifier.h"

#include <utility>

#include "proxy/base/log.h"
#include "proxy/control/status_json.h"

namespace longthrow::control {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

Notifier::Notifier(asio::io_context& io, std::string node, std::function<std::string()> program,
                   Limits limits)
    : timer_(io), node_(std::move(node)), program_(std::move(program)), limits_(limits) {}

void Notifier::note(const Event& event) {
  if (event.weight == EventWeight::info || program_().empty()) return;
  if (waiting_.size() == limits_.queue) {
    ++dropped_;
    return;
  }
  waiting_.push_back(event);
  if (!std::exchange(busy_, true)) wait(std::chrono::milliseconds(0));
}

void Notifier::wait(std::chrono::milliseconds time) {
  timer_.expires_after(time);
  timer_.async_wait([this](const boost::system::error_code& stopped) {
    if (!stopped) look();
  });
}

void Notifier::look() {
  if (!child_) return run_next();
  const auto ended = child_->ended();
  if (ended && !ended->empty()) on_failure(*ended);
  const bool late = !ended && Clock::now() >= kill_at_;
  if (late) {
    child_->kill();
    on_failure(format("it ran for more than {} ms and was killed", limits_.timeout.count()));
  }
  if (!ended && !late) return wait(limits_.look);
  child_.reset();
  wait(limits_.pause);
}

void Notifier::run_next() {
  const std::string program = program_();
  if (program.empty()) waiting_.clear();
  if (waiting_.empty()) {
    busy_ = false;
    return;
  }
  const Event event = std::move(waiting_.front());
  waiting_.pop_front();
  auto child = ChildProcess::run({program}, environment_of(event));
  if (!child) {
    on_failure(child.error().message);
    return wait(limits_.pause);
  }
  dropped_ = 0;
  child_.emplace(*std::move(child));
  kill_at_ = Clock::now() + limits_.timeout;
  wait(limits_.look);
}

std::vector<std::string> Notifier::environment_of(const Event& event) {
  return {format("LONGTHROW_NODE={}", node_),
          format("LONGTHROW_EVENT={}", to_string(event.code)),
          format("LONGTHROW_WEIGHT={}", to_string(event.weight)),
          format("LONGTHROW_TIME={}", utc_text(event.at)),
          format("LONGTHROW_LINK={}", event.link),
          format("LONGTHROW_GROUP={}", event.group),
          format("LONGTHROW_TEXT={}", event.text),
          format("LONGTHROW_NUMBER={}", event.number),
          format("LONGTHROW_LEFT_OUT={}", event.left_out),
          format("LONGTHROW_DROPPED={}", dropped_)};
}

void Notifier::on_failure(const std::string& why) {
  const auto now = Clock::now();
  if (said_at_ && now - *said_at_ < limits_.between_lines) {
    ++failures_;
    return;
  }
  said_at_ = now;
  const std::uint64_t more = std::exchange(failures_, 0);
  log_warning("node.notify: {}: {}{}", program_(), why,
              more == 0 ? "" : format(" ({} more failures since this was last said)", more));
}

}  // namespace longthrow::control
