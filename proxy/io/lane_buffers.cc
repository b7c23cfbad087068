// SPDX-License-Identifier: Apache-2.0
#include "proxy/io/lane_buffers.h"

#include <sys/socket.h>

#include <fstream>

namespace longthrow {
namespace {

constexpr int kWantedBytes = 32 << 20;  // 2.5 Gbit/s over 100 ms

long tuned_max() {
  std::ifstream file("/proc/sys/net/ipv4/tcp_wmem");
  long low = 0;
  long standard = 0;
  long high = 0;
  return (file >> low >> standard >> high) ? high : kWantedBytes;
}

long fixed_max() {
  std::ifstream file("/proc/sys/net/core/wmem_max");
  long value = 0;
  return (file >> value) ? 2 * value : 0;  // the kernel doubles what SO_SNDBUF says
}

}  // namespace

void widen_send_buffer(int fd) {
  const long tuned = tuned_max();
  if (tuned >= kWantedBytes) return;
  const int half = kWantedBytes / 2;
  if (::setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &half, sizeof half) == 0) return;
  if (fixed_max() > tuned) ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &half, sizeof half);
}

}  // namespace longthrow
