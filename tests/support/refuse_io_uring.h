// SPDX-License-Identifier: Apache-2.0
// Makes the kernel refuse io_uring to this thread and to what it starts from now on, as the seccomp
// profiles of container runtimes do. There is no way back, so it is for a forked child.
#pragma once

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <array>
#include <cstddef>

namespace longthrow {

// io_uring_setup, io_uring_enter and io_uring_register fail with `error`. False when that cannot be
// arranged.
inline bool refuse_io_uring(unsigned error) {
  constexpr unsigned kNumber = offsetof(seccomp_data, nr);
  static_assert(SYS_io_uring_enter == SYS_io_uring_setup + 1);
  static_assert(SYS_io_uring_register == SYS_io_uring_setup + 2);
  std::array filter = {
      sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kNumber),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, SYS_io_uring_setup, 0, 2),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, SYS_io_uring_register, 1, 0),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error & SECCOMP_RET_DATA)),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  sock_fprog program{.len = filter.size(), .filter = filter.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

}  // namespace longthrow
