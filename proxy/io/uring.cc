// SPDX-License-Identifier: Apache-2.0
// io_uring through liburing 2.3 (Debian 12). Made for kernels 6.1 and later; works from 5.11 on.
//
// Flags. SINGLE_ISSUER with DEFER_TASKRUN (6.1) runs completions only when we ask for them; without
// that COOP_TASKRUN (5.19); else none. A kernel that does not know a set of flags says EINVAL, and
// the next set is tried. A single-issuer ring belongs to the thread that submits first, not to the
// one that made it (R_DISABLED, enabled at the first submission), so that a loop can be made before
// its thread.
//
// Memory. The rings of an unprivileged process count against RLIMIT_MEMLOCK (8 MiB by default), per
// user and not per process; root is exempt. The kernel takes back the memory of a destroyed ring
// only after some hundred milliseconds. So the ring is small; on ENOMEM it is halved, and all is
// tried once more after a pause.
//
// Refusal. kernel.io_uring_disabled and the seccomp profiles of container runtimes answer EPERM,
// some sandboxes ENOSYS, and a filter may let io_uring_setup pass and refuse io_uring_enter: so a
// ring counts as usable only when a no-op went through one.
//
// SQPOLL, registered files and buffers, provided buffers and zero-copy sends were measured and are
// not worth it here. Completions that do not fit the queue are kept by the kernel (NODROP), slowly.
#include "proxy/io/uring.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "proxy/base/log.h"

namespace longthrow {
namespace {

struct Mode {
  unsigned flags;
  const char* name;
};
constexpr std::array kModes = {
    Mode{IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_R_DISABLED,
         "deferred task-run"},
    Mode{IORING_SETUP_COOP_TASKRUN | IORING_SETUP_R_DISABLED, "cooperative task-run"},
    Mode{IORING_SETUP_R_DISABLED, "plain"},
};
constexpr useconds_t kMemoryPauseUs = 300'000;  // until a destroyed ring's memory has come back
constexpr unsigned kFeatures = IORING_FEAT_NODROP | IORING_FEAT_FAST_POLL | IORING_FEAT_EXT_ARG;
constexpr std::array kOperations = {IORING_OP_ACCEPT,  IORING_OP_CONNECT,  IORING_OP_RECV,
                                    IORING_OP_SENDMSG, IORING_OP_POLL_ADD, IORING_OP_ASYNC_CANCEL};

std::unexpected<Error> refused(int error) {
  switch (error) {
    case EPERM:
    case EACCES:
      return fail(
          "io_uring is refused (EPERM): set sysctl kernel.io_uring_disabled=0, or in a container "
          "allow io_uring_setup, io_uring_enter and io_uring_register in its seccomp profile",
          error);
    case ENOSYS:
      return fail(
          "io_uring is not there (ENOSYS): it needs Linux 5.11 or later, and a sandbox or seccomp "
          "profile that lets io_uring_setup, io_uring_enter and io_uring_register pass",
          error);
    case ENOMEM:
      return fail(
          "io_uring gets no memory (ENOMEM): raise RLIMIT_MEMLOCK, with LimitMEMLOCK=64M in the "
          "systemd unit or ulimit -l",
          error);
    default:
      return fail(format("io_uring does not start: {}", std::strerror(error)), error);
  }
}

// Whether a ring of this process can submit, complete, and knows what we use.
int try_out() {
  io_uring ring{};
  if (const int error = io_uring_queue_init(4, &ring, 0); error < 0) return -error;
  int error = (ring.features & kFeatures) == kFeatures ? 0 : ENOSYS;
  if (error == 0) {
    io_uring_prep_nop(io_uring_get_sqe(&ring));
    io_uring_cqe* cqe = nullptr;
    const int submitted = io_uring_submit(&ring);
    if (submitted < 0)
      error = -submitted;
    else
      error = -io_uring_wait_cqe(&ring, &cqe);
  }
  if (error == 0) {
    io_uring_probe* probe = io_uring_get_probe_ring(&ring);
    if (probe == nullptr) error = EPERM;  // io_uring_register alone is refused
    for (const int op : kOperations) {
      if (probe != nullptr && io_uring_opcode_supported(probe, op) == 0) error = ENOSYS;
    }
    if (probe != nullptr) io_uring_free_probe(probe);
  }
  io_uring_queue_exit(&ring);
  return error;
}

}  // namespace

Uring::~Uring() {
  if (open_) io_uring_queue_exit(&ring_);
}

// Returns 0 or a positive errno, as the next two do.
int Uring::set_up(unsigned entries) {
  for (const Mode& mode : kModes) {
    io_uring_params params{};
    params.flags = mode.flags | IORING_SETUP_CQSIZE;
    params.cq_entries = entries * kCompletionsPerEntry;
    const int result = io_uring_queue_init_params(entries, &ring_, &params);
    if (result == -EINVAL) continue;
    if (result == 0) description_ = format("{} entries, {}", entries, mode.name);
    return -result;
  }
  return EINVAL;
}

int Uring::set_up_any_size() {
  int error = ENOMEM;
  for (unsigned entries = kEntries; error == ENOMEM && entries >= kEntriesMin; entries /= 2) {
    error = set_up(entries);
  }
  return error;
}

Result<void> Uring::open() {
  int error = try_out();
  if (error == 0) error = set_up_any_size();
  if (error == ENOMEM) {
    ::usleep(kMemoryPauseUs);
    error = try_out();
    if (error == 0) error = set_up_any_size();
  }
  if (error != 0) return refused(error);
  open_ = true;
  return {};
}

void Uring::enable() {
  if (enabled_) return;
  // liburing 2.3 declares io_uring_enable_rings, but its shared library does not export it.
  const long result =
      ::syscall(SYS_io_uring_register, ring_.ring_fd, IORING_REGISTER_ENABLE_RINGS, nullptr, 0);
  LT_ASSERT(result == 0);
  enabled_ = true;
}

io_uring_sqe& Uring::next() {
  constexpr int kAttemptsMax = 10'000;
  io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
  for (int attempt = 0; sqe == nullptr; ++attempt) {
    LT_ASSERT(attempt < kAttemptsMax);
    enable();
    // EBUSY, EAGAIN: the kernel first needs its completions taken, or memory.
    if (io_uring_submit(&ring_) < 0) {
      io_uring_get_events(&ring_);
      collect(early_);
      ::usleep(1000);
    }
    sqe = io_uring_get_sqe(&ring_);
  }
  *sqe = io_uring_sqe{};
  return *sqe;
}

void Uring::submit_and_wait(std::optional<Duration> timeout, std::vector<UringResult>& into) {
  enable();
  if (!early_.empty()) timeout = Duration(0);
  __kernel_timespec limit{};
  if (timeout) {
    limit.tv_sec = timeout->count() / 1'000'000'000;
    limit.tv_nsec = timeout->count() % 1'000'000'000;
  }
  io_uring_cqe* first = nullptr;
  const int result =
      io_uring_submit_and_wait_timeout(&ring_, &first, 1, timeout ? &limit : nullptr, nullptr);
  LT_ASSERT(result >= 0 || result == -ETIME || result == -EINTR || result == -EAGAIN ||
            result == -EBUSY || result == -ENOMEM);
  into.insert(into.end(), early_.begin(), early_.end());
  early_.clear();
  collect(into);
}

void Uring::collect(std::vector<UringResult>& into) {
  unsigned head = 0;
  unsigned count = 0;
  io_uring_cqe* cqe = nullptr;
  io_uring_for_each_cqe(&ring_, head, cqe) {
    into.push_back({.user_data = cqe->user_data, .result = cqe->res, .flags = cqe->flags});
    ++count;
  }
  io_uring_cq_advance(&ring_, count);
}

}  // namespace longthrow
