// SPDX-License-Identifier: Apache-2.0
// What must hold between values, once each of them is good by itself.
#pragma once

#include <map>
#include <string>

#include "longthrow/config.h"
#include "proxy/config/report.h"

namespace longthrow {

// Where each table ("link.dr") and key ("link.dr.listen") was written. A key whose value was
// refused is here, too, so that no second error follows from the first.
class Origins {
 public:
  void add(const std::string& path, const Origin& origin) { origins_.emplace(path, origin); }
  [[nodiscard]] bool contains(const std::string& path) const { return origins_.contains(path); }
  // The origin of the path, else of the table that it would belong to.
  [[nodiscard]] Origin find(std::string path) const;

 private:
  std::map<std::string, Origin> origins_;
};

void check_links(const Config& config, const Origins& origins, Report& report);
void check_tls(const Config& config, const Origins& origins, Report& report);
void check_routes(const Config& config, const Origins& origins, Report& report);
void check_groups(const Config& config, const Origins& origins, Report& report);
// No two sockets of this node want one address; only links may share one.
void check_listeners(const Config& config, const Origins& origins, Report& report);
void check_drbd_proxy(const Config& config, const Origins& origins, Report& report);

// 0.0.0.0 or [::], whatever the port.
[[nodiscard]] bool is_wildcard(const Endpoint& endpoint);

}  // namespace longthrow
