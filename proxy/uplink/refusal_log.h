// SPDX-License-Identifier: Apache-2.0
// Bounds the log lines about peers that a WAN port refuses: a few lines for each host and minute,
// and ever fewer for a host that fails for the same reason all day. Neither a port scan nor a
// forgotten peer fills the log. Pure.
#pragma once

#include <map>
#include <string>

#include "longthrow/time.h"

namespace longthrow {

class RefusalLog {
 public:
  // True: log a line that `remote` (address:port) was refused for `reason`.
  [[nodiscard]] bool take(TimePoint now, const std::string& remote, const std::string& reason);

 private:
  static constexpr std::size_t kHostsMax = 1024;
  static constexpr int kLinesMax = 4;  // of a host, in an interval
  static constexpr Duration kInterval = std::chrono::minutes(1);
  static constexpr Duration kIntervalMax = std::chrono::hours(2);

  struct Host {
    TimePoint since{};
    Duration interval = kInterval;
    int lines = 0;
    std::string last_reason;
  };
  std::map<std::string, Host> hosts_;
};

}  // namespace longthrow
