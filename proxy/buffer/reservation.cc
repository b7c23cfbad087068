// SPDX-License-Identifier: Apache-2.0
// The kernel's side of the arena. Address space is reserved with PROT_NONE, so that it counts
// nothing under strict overcommit (vm.overcommit_memory = 2), and opened with mprotect as the limit
// grows. Huge pages are declined: one touched page would make 2 MiB resident, and khugepaged would
// bring back what was given back, so that the resident size would no longer follow the account.
//
// Locking is MLOCK_ONFAULT: nothing becomes resident by it. Two traps: RLIMIT_MEMLOCK is compared
// with the size of the range, resident or not, so only the opened part is locked; and MADV_DONTNEED
// fails with EINVAL on locked memory, for which MADV_DONTNEED_LOCKED exists since Linux 5.18 (newer
// than the C library's header). Before that the range is unlocked, dropped and locked again.
#include "proxy/buffer/reservation.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "proxy/base/marks.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#include <sanitizer/asan_interface.h>
#endif
#endif

namespace longthrow {
namespace {

#ifndef MADV_DONTNEED_LOCKED
constexpr int kDontNeedLocked = 24;
#else
constexpr int kDontNeedLocked = MADV_DONTNEED_LOCKED;
#endif

std::string mebibytes(std::size_t bytes) {
  return std::to_string((bytes + kMiB - 1) / kMiB) + " MiB";
}

}  // namespace

Result<Reservation> Reservation::make(std::size_t bytes) {
  void* address =
      mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (address == MAP_FAILED) {
    const int error = errno;
    return fail("cannot reserve " + mebibytes(bytes) + " of address space: " +
                    std::strerror(error) + " (lower memlimit, or raise LimitAS)",
                error);
  }
  madvise(address, bytes, MADV_NOHUGEPAGE);  // a kernel without huge pages refuses: as good
  Reservation made;
  made.data_ = static_cast<std::byte*>(address);
  made.size_bytes_ = bytes;
  return made;
}

Reservation::Reservation(Reservation&& other) noexcept { *this = std::move(other); }

Reservation& Reservation::operator=(Reservation&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_bytes_, other.size_bytes_);
  std::swap(open_bytes_, other.open_bytes_);
  std::swap(locked_, other.locked_);
  return *this;
}

Reservation::~Reservation() {
  if (data_ == nullptr) return;
  unpoison({data_, open_bytes_});  // the address may soon be someone else's
  munmap(data_, size_bytes_);
}

Result<void> Reservation::open(std::size_t bytes) {
  LT_ASSERT(bytes <= size_bytes_);
  if (bytes <= open_bytes_) return {};
  if (mprotect(data_, bytes, PROT_READ | PROT_WRITE) != 0) {
    const int error = errno;
    return fail("the system does not grant " + mebibytes(bytes) + ": " + std::strerror(error) +
                    " (lower memlimit, or see vm.overcommit_memory and the cgroup's memory limit)",
                error);
  }
  open_bytes_ = bytes;
  // Best effort: the limit has grown, whether RLIMIT_MEMLOCK has room for it or not.
  if (locked_) static_cast<void>(lock());
  return {};
}

void Reservation::discard(std::size_t offset, std::size_t bytes) {
  LT_ASSERT(offset <= open_bytes_ && bytes <= open_bytes_ - offset);
  std::byte* address = data_ + offset;
  note_reached(Mark::memory_given_back);
  if (!locked_) {
    LT_ASSERT(madvise(address, bytes, MADV_DONTNEED) == 0);
    return;
  }
  if (madvise(address, bytes, kDontNeedLocked) == 0) return;
  munlock(address, bytes);
  LT_ASSERT(madvise(address, bytes, MADV_DONTNEED) == 0);
  mlock2(address, bytes, MLOCK_ONFAULT);
}

Result<void> Reservation::lock() {
  if (mlock2(data_, open_bytes_, MLOCK_ONFAULT) != 0) {
    const int error = errno;
    return fail("cannot keep " + mebibytes(open_bytes_) + " of buffer out of swap: " +
                    std::strerror(error) + " (raise LimitMEMLOCK in the unit, or ulimit -l, to " +
                    "more than memlimit; or grant CAP_IPC_LOCK)",
                error);
  }
  locked_ = true;
  return {};
}

void Reservation::exclude_from_dumps() { madvise(data_, size_bytes_, MADV_DONTDUMP); }

#ifdef __SANITIZE_ADDRESS__
void poison(ByteView bytes) { __asan_poison_memory_region(bytes.data(), bytes.size()); }
void unpoison(ByteView bytes) { __asan_unpoison_memory_region(bytes.data(), bytes.size()); }
#else
void poison(ByteView) {}
void unpoison(ByteView) {}
#endif

}  // namespace longthrow
