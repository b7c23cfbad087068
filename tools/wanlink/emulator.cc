// SPDX-License-Identifier: Apache-2.0
#include "tools/wanlink/emulator.h"

#include <signal.h>
#include <time.h>

#include <algorithm>

namespace longthrow::wanlink {
namespace {

// The first places in the poll set; those of the control socket come last.
enum Place : std::size_t { kDeviceA, kDeviceB, kSignals, kChild, kFirstControl };

}  // namespace

TimePoint monotonic_now() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return TimePoint(std::chrono::seconds(now.tv_sec) + Duration(now.tv_nsec));
}

int Emulator::run() {
  while (true) {
    deliver(1);
    deliver(0);
    collect_polled();
    wait();
    if (polled_[kSignals].revents != 0) return 0;
    if (polled_[kChild].revents != 0) return child_.collect();
    for (std::size_t side = 0; side < devices_.size(); ++side) {
      if (polled_[kDeviceA + side].revents != 0) read_frames(side);
    }
    const auto ready = [](const pollfd& one) { return one.revents != 0; };
    if (std::any_of(polled_.begin() + kFirstControl, polled_.end(), ready)) {
      control_.serve(
          [this](std::string_view line) { return link_.execute(monotonic_now(), line); });
      if (link_.quit_requested()) return 0;
    }
  }
}

void Emulator::collect_polled() {
  polled_.clear();
  for (const int fd : {devices_[0].get(), devices_[1].get(), signals_.get(), child_.poll_fd()}) {
    polled_.push_back({.fd = fd, .events = POLLIN, .revents = 0});  // a negative fd is ignored
  }
  control_.add_to(polled_);
}

void Emulator::wait() {
  const TimePoint deadline = link_.next_timeout();
  timespec limit{};
  if (deadline != kNever) {
    const Duration left = std::max(deadline - monotonic_now(), Duration(0));
    limit.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(left).count();
    limit.tv_nsec = (left % std::chrono::seconds(1)).count();
  }
  const int ready =
      ::ppoll(polled_.data(), polled_.size(), deadline == kNever ? nullptr : &limit, nullptr);
  // EINTR: nothing is ready; the next turn asks again.
  if (ready < 0) {
    for (pollfd& one : polled_) one.revents = 0;
  }
}

void Emulator::read_frames(std::size_t from) {
  Direction& direction = link_.direction(from);
  for (int turn = 0; turn < kReadsPerTurn; ++turn) {
    const ssize_t got = ::read(devices_[from].get(), scratch_.data(), scratch_.size());
    if (got <= 0) return;
    direction.on_frame(monotonic_now(), ByteView(scratch_).first(static_cast<std::size_t>(got)));
  }
}

void Emulator::deliver(std::size_t to) {
  Direction& direction = link_.direction(1 - to);
  while (const auto frame = direction.poll_frame(monotonic_now())) {
    const ssize_t put = ::write(devices_[to].get(), frame->data(), frame->size());
    if (put != static_cast<ssize_t>(frame->size())) direction.on_device_refusal();
  }
}

}  // namespace longthrow::wanlink
