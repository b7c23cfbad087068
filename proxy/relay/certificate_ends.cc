// SPDX-License-Identifier: Apache-2.0
#include "proxy/relay/certificate_ends.h"

#include "proxy/base/human.h"
#include "proxy/base/log.h"

namespace longthrow {
namespace {

void warn(std::optional<WallTime> ends, WallTime now, Side whose, LinkStatus& link) {
  if (!ends || *ends - now >= kCertificateEndsSoon) return;
  const bool here = whose == Side::here;
  const std::string_view who = here ? "this node's certificate" : "the certificate of the peer";
  const std::string at = utc_text(*ends);
  const std::string_view remedy =
      here ? "Replace its file and run `longthrow reload`"
           : "Replace its file at the peer and run `longthrow reload` there; what stands here is "
             "what it showed when it last connected";
  if (*ends <= now) {
    link.warnings.push_back(
        {.name = "certificate_ended",
         .text = format("{} has expired at {}, or an authority above it: connections that stand go "
                        "on, and the next one is refused. {}",
                        who, at, remedy)});
  } else {
    link.warnings.push_back(
        {.name = "certificate_ends",
         .text = format("{} expires in {}, at {}, or an authority above it: connections are "
                        "refused then. {}",
                        who, human_seconds(seconds_of(*ends - now)), at, remedy)});
  }
}

}  // namespace

void warn_of_certificates(WallTime now, LinkStatus& link) {
  warn(link.certificate_ends.here, now, Side::here, link);
  warn(link.certificate_ends.peer, now, Side::peer, link);
}

}  // namespace longthrow
