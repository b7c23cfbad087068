// SPDX-License-Identifier: Apache-2.0
// What an administrator still has to do at a site, besides the files: firewall, unit, and the lines
// for the replication software. Pure.
#pragma once

#include <string>
#include <vector>

#include "tools/longthrow/init/site_plan.h"

namespace longthrow::cli {

// The command that lets nobody but the peer reach the WAN port; "": the port is closed at this
// site, or the peer's address is not known.
[[nodiscard]] std::string firewall_command(const SitePlan& plan, Site site);
// Lines for DRBD's resource files, or for PostgreSQL's configuration: with comments.
[[nodiscard]] std::vector<std::string> software_lines(const SitePlan& plan, Site site);
// "longthrowd" for /etc/longthrow, "longthrowd@x" for /etc/longthrow/x, "" for other folders.
[[nodiscard]] std::string unit_of(const std::string& directory);
// What starts the node of this folder, and what then shows its status.
// The command as this user has to type it.
[[nodiscard]] std::string with_sudo(const std::string& command);
[[nodiscard]] std::string start_command(const std::string& directory);
[[nodiscard]] std::string status_command(const std::string& directory);

}  // namespace longthrow::cli
