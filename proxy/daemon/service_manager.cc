// SPDX-License-Identifier: Apache-2.0
#include "proxy/daemon/service_manager.h"

#include <systemd/sd-daemon.h>
#include <time.h>

#include <cstdint>

#include "proxy/base/log.h"

namespace longthrow::service_manager {

void ready(const std::string& status) {
  sd_notify(0, format("READY=1\nSTATUS={}", status).c_str());
}

// Type=notify-reload needs the time at which the reload began (CLOCK_MONOTONIC).
void reloading() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const auto microseconds = static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 +
                            static_cast<std::uint64_t>(now.tv_nsec) / 1000;
  sd_notify(0, format("RELOADING=1\nMONOTONIC_USEC={}", microseconds).c_str());
}

void reloaded() { sd_notify(0, "READY=1"); }

void stopping(const std::string& status, std::chrono::seconds more_time) {
  std::string text = format("STOPPING=1\nSTATUS={}", status);
  if (more_time.count() > 0) {
    text += format("\nEXTEND_TIMEOUT_USEC={}", std::chrono::microseconds(more_time).count());
  }
  sd_notify(0, text.c_str());
}

void alive() { sd_notify(0, "WATCHDOG=1"); }

std::optional<std::chrono::microseconds> watchdog_interval() {
  std::uint64_t limit = 0;
  if (sd_watchdog_enabled(0, &limit) <= 0 || limit == 0) return std::nullopt;
  return std::chrono::microseconds(limit / 3);
}

}  // namespace longthrow::service_manager
