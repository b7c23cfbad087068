// SPDX-License-Identifier: Apache-2.0
// What `show` and `print` say. Pure: from the daemon's answers to text.
#pragma once

#include <string>

#include "longthrow/status.h"
#include "proxy/control/json.h"
#include "tools/drbd_proxy_ctl/command.h"

namespace longthrow::proxy_ctl {

// `connections` is that object of the answer to "connections", as in docs/CONTROL.md.
[[nodiscard]] std::string show_listing(const Show& show, const json::object& connections,
                                       const Status& status);

// A block of drbd.conf's grammar, which `drbdadm adjust` compares with its own word by word; "" for
// a name that is not there.
[[nodiscard]] std::string show_proxy_settings(const json::object& connections,
                                              const std::string& name);

}  // namespace longthrow::proxy_ctl
