// SPDX-License-Identifier: Apache-2.0
// Carries out commands at the daemon, one after the other.
#pragma once

#include <chrono>
#include <iosfwd>
#include <string>

#include "tools/drbd_proxy_ctl/command.h"

namespace longthrow::proxy_ctl {

// Exit codes. drbdadm passes them on, and shows errors from 10 on.
inline constexpr int kDone = 0;
inline constexpr int kDown = 1;  // show proxy-settings: there is no such connection
inline constexpr int kRefused = 10;
inline constexpr int kNoDaemon = 20;

// drbdadm gives a command 5 s.
inline constexpr std::chrono::milliseconds kPatience{4000};

struct Output {
  std::ostream& out;
  std::ostream& err;
};

// What the version commands print: LINSTOR and LCMC read the number, which is that of the DRBD
// Proxy whose commands these are.
inline constexpr const char* kVersionText =
    "Drbd-proxy 4.0.0, Longthrow " LONGTHROW_VERSION " in its place";

[[nodiscard]] std::string help_text();

// Returns the exit code. REQUIRES: not Quit.
int execute(const Command& command, const std::string& control, const Output& output);

}  // namespace longthrow::proxy_ctl
