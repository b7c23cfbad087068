// SPDX-License-Identifier: Apache-2.0
// The other end of the control socket: `wanlink --send`.
#pragma once

#include <sys/un.h>

#include <string>

#include "longthrow/error.h"
#include "tools/wanlink/fd.h"

namespace longthrow::wanlink {

// Fails for a path that is too long for a UNIX socket.
[[nodiscard]] Result<sockaddr_un> control_address(const std::string& path);
// A blocking connection.
[[nodiscard]] Result<Fd> connect_control(const std::string& path);
// Sends one command, returns the answer without its newline; waits for at most 10 s.
[[nodiscard]] Result<std::string> send_command(const std::string& path, const std::string& command);

}  // namespace longthrow::wanlink
