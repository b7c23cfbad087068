// SPDX-License-Identifier: Apache-2.0
// The configuration files of both sites. Pure.
#pragma once

#include <string>

#include "tools/longthrow/init/site_plan.h"

namespace longthrow::cli {

inline constexpr const char* kConfigFile = "longthrow.toml";

// "alpha-beta.psk": the same at both sites, and beside the configuration.
[[nodiscard]] std::string key_file_name(const SitePlan& plan);
// longthrow.toml of one site. REQUIRES: check_plan().
[[nodiscard]] std::string config_text(const SitePlan& plan, Site site);

// Where a route's listener and target are at a site; 0: it has none there.
struct RoutePorts {
  std::uint16_t listen = 0;
  std::uint16_t target = 0;
};
[[nodiscard]] RoutePorts ports_of(const SitePlan& plan, Site site, const Stream& stream);
// The address that a route's listener has: that of DRBD's peer is one of its own.
[[nodiscard]] std::string listen_host(const Stream& stream);
// The address on which a site's WAN port is open.
[[nodiscard]] std::string wan_listen(const HostPort& address);

}  // namespace longthrow::cli
