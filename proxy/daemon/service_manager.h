// SPDX-License-Identifier: Apache-2.0
// What systemd is told (sd_notify(3)); without NOTIFY_SOCKET all of this does nothing. Thread-safe.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace longthrow::service_manager {

void ready(const std::string& status);
void reloading();
void reloaded();
void stopping(const std::string& status, std::chrono::seconds more_time);
void alive();
// How often `alive` is due, if the service manager watches.
[[nodiscard]] std::optional<std::chrono::microseconds> watchdog_interval();

}  // namespace longthrow::service_manager
