// SPDX-License-Identifier: Apache-2.0
// Entering network namespaces: a matter of the calling thread (setns(2)).
#pragma once

#include <string>

#include "longthrow/error.h"
#include "tools/wanlink/fd.h"

namespace longthrow::wanlink {

// `name` is a PID, a path such as /proc/PID/ns/net, or a name of /run/netns.
[[nodiscard]] Result<Fd> open_network_namespace(const std::string& name);
[[nodiscard]] Result<Fd> current_network_namespace();
[[nodiscard]] Result<void> enter_network_namespace(const Fd& network_namespace);

}  // namespace longthrow::wanlink
