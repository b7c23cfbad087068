// SPDX-License-Identifier: Apache-2.0
#include "proxy/control/status_json.h"

#include <ctime>

#include "proxy/base/log.h"
#include "proxy/control/status_objects.h"

namespace longthrow::control {

std::string utc_text(WallTime time) {
  const auto since_epoch = std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch());
  const auto whole = std::chrono::floor<std::chrono::seconds>(since_epoch);
  const std::time_t seconds = static_cast<std::time_t>(whole.count());
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return longthrow::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900,
                           utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                           (since_epoch - whole).count());
}

json::object status_to_json(const Status& status) { return write_rows(status); }

Status status_from_json(const json::object& in) {
  Status status;
  read_rows(in, status);
  return status;
}

}  // namespace longthrow::control
