// SPDX-License-Identifier: Apache-2.0
#include "proxy/io/mailbox.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstring>

#include "proxy/base/log.h"

namespace longthrow {

Mailbox::~Mailbox() {
  if (fd_ >= 0) ::close(fd_);
}

Result<void> Mailbox::open() {
  fd_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd_ < 0) return fail(format("cannot make an eventfd: {}", std::strerror(errno)), errno);
  return {};
}

void Mailbox::post(Loop::Task task) {
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    if (signalled_.exchange(true, std::memory_order_acq_rel)) return;
  }
  wake();
}

void Mailbox::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written =
      ::write(fd_, &one, sizeof one);  // EAGAIN: it is readable
}

void Mailbox::clear_readiness() {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = ::read(fd_, &count, sizeof count);
}

void Mailbox::take(std::vector<Loop::Task>& tasks) {
  LT_ASSERT(tasks.empty());
  const std::lock_guard lock(mutex_);
  tasks.swap(tasks_);
  signalled_.store(false, std::memory_order_release);
}

}  // namespace longthrow
