// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "tools/drbd_proxy_ctl/execute.h"

namespace longthrow::proxy_ctl {

// All of drbd-proxy-ctl, without the program's name. `control` is where the daemon is, unless the
// arguments say so. Without a command, commands are read from `in`, after a prompt if
// `interactive`. All commands are tried; the exit code is that of the worst.
int run(std::vector<std::string> arguments, std::string control, std::istream& in, bool interactive,
        const Output& output);

}  // namespace longthrow::proxy_ctl
