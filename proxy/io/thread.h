// SPDX-License-Identifier: Apache-2.0
// A thread of this process: named, and with all signals blocked (the signals belong to the main
// thread).
#pragma once

#include <functional>
#include <string>
#include <thread>

#include "longthrow/error.h"

namespace longthrow {

// Starts `body` on a new thread; fails when the system has none to give. `name` has at most 15
// characters (the kernel's limit).
[[nodiscard]] Result<std::thread> start_thread(const std::string& name, std::function<void()> body);

}  // namespace longthrow
