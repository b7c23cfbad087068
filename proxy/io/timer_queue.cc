// SPDX-License-Identifier: Apache-2.0
#include "proxy/io/timer_queue.h"

namespace longthrow {

void TimerQueue::arm(Timer& timer, TimePoint deadline) {
  disarm(timer);
  timer.mark_armed(deadline);
  TimePoint due = deadline;
  if (firing_ && due <= *firing_) due = *firing_ + Duration(1);  // the next turn, not this one
  heap_.push_back({due, sequence_++, &timer});
  timer.backend_tag = heap_.size() - 1;
  sift_up(heap_.size() - 1);
}

void TimerQueue::disarm(Timer& timer) {
  if (!timer.armed()) return;
  remove(timer.backend_tag);
  timer.mark_disarmed();
}

void TimerQueue::disarm_all() {
  for (const Entry& entry : heap_) entry.timer->mark_disarmed();
  heap_.clear();
}

std::optional<TimePoint> TimerQueue::next() const {
  if (heap_.empty()) return std::nullopt;
  return heap_.front().due;
}

void TimerQueue::fire_due(TimePoint now) {
  firing_ = now;
  while (!heap_.empty() && heap_.front().due <= now) {
    Timer& timer = *heap_.front().timer;
    remove(0);
    timer.fire();
  }
  firing_.reset();
}

void TimerQueue::place(std::size_t index, const Entry& entry) {
  heap_[index] = entry;
  entry.timer->backend_tag = index;
}

void TimerQueue::sift_up(std::size_t index) {
  const Entry moving = heap_[index];
  while (index > 0) {
    const std::size_t parent = (index - 1) / 2;
    if (!earlier(moving, heap_[parent])) break;
    place(index, heap_[parent]);
    index = parent;
  }
  place(index, moving);
}

void TimerQueue::sift_down(std::size_t index) {
  const Entry moving = heap_[index];
  for (;;) {
    std::size_t child = 2 * index + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && earlier(heap_[child + 1], heap_[child])) ++child;
    if (!earlier(heap_[child], moving)) break;
    place(index, heap_[child]);
    index = child;
  }
  place(index, moving);
}

void TimerQueue::remove(std::size_t index) {
  LT_ASSERT(index < heap_.size());
  const Entry last = heap_.back();
  heap_.pop_back();
  if (index == heap_.size()) return;
  place(index, last);
  sift_up(index);
  sift_down(last.timer->backend_tag);
}

}  // namespace longthrow
