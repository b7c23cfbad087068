// SPDX-License-Identifier: Apache-2.0
// Tells systemd the state of the node (sd_notify(3)). Without NOTIFY_SOCKET nothing is sent.
// Thread-safe.
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
