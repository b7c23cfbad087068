// SPDX-License-Identifier: Apache-2.0
#include "proxy/uplink/refusal_log.h"

#include <algorithm>

namespace longthrow {

bool RefusalLog::take(TimePoint now, const std::string& remote, const std::string& reason) {
  if (hosts_.size() > kHostsMax) hosts_.clear();
  Host& host = hosts_[remote.substr(0, remote.rfind(':'))];
  if (host.lines == 0 || now - host.since >= host.interval) {
    const bool same = host.lines > 0 && host.last_reason == reason;
    host = {.since = now, .interval = same ? std::min(host.interval * 2, kIntervalMax) : kInterval};
  }
  if (host.lines >= kLinesMax || host.last_reason == reason) return false;
  ++host.lines;
  host.last_reason = reason;
  return true;
}

}  // namespace longthrow
