// SPDX-License-Identifier: Apache-2.0
#include "proxy/groups/notices.h"

#include <ctime>

#include "proxy/base/log.h"

namespace longthrow {
namespace {

std::string utc_seconds(WallTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time.time_since_epoch());
  const std::time_t civil = seconds.count();
  std::tm utc{};
  gmtime_r(&civil, &utc);
  char text[32] = {};
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

}  // namespace

std::string describe(NoticeKind kind, const NoticeBoard::Entry& entry) {
  return format("{} since {} by {}", to_string(kind), utc_seconds(entry.since), entry.by);
}

}  // namespace longthrow
