// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/moments.h"

#include <algorithm>

#include "longthrow/time.h"
#include "proxy/base/log.h"

namespace longthrow::sim {
namespace {

// From when to when a source had written just so much.
struct Span {
  TimePoint from{};
  TimePoint until = kNever;
};

double at(TimePoint time) { return std::chrono::duration<double>(time.time_since_epoch()).count(); }

}  // namespace

std::string no_common_moment(const std::vector<Arrived>& streams) {
  Span common;
  std::string text;
  for (const Arrived& arrived : streams) {
    const auto& writes = arrived.stream->writes;
    const auto after =
        std::ranges::upper_bound(writes, arrived.bytes, {}, &ChannelRecord::Write::total_bytes);
    Span span{.until = after == writes.end() ? kNever : after->at};
    if (after != writes.begin()) span.from = std::prev(after)->at;
    const std::uint64_t written = after == writes.begin() ? 0 : std::prev(after)->total_bytes;
    if (written != arrived.bytes)
      return format("stream {} has arrived up to {}, in the midst of a write that begins at {}",
                    arrived.stream->id, arrived.bytes, written);
    common.from = std::max(common.from, span.from);
    common.until = std::min(common.until, span.until);
    text += format(" stream {}: {} bytes, from {:.6f} until {:.6f} s;", arrived.stream->id,
                   arrived.bytes, at(span.from), at(span.until));
  }
  return common.from < common.until ? "" : "there was no such moment:" + text;
}

std::string no_common_moment(const ClusterOptions& options, const Shadow& shadow, int side,
                             const std::string& group) {
  // Several streams of one route are not cut.
  const auto is_of_group = [&](const auto& route) { return route.group == group; };
  if (std::ranges::count_if(options.routes, is_of_group) < 2) return "";
  for (const ClusterOptions::Route& route : options.routes) {
    const bool counts = route.protocol == RouteProtocol::tcp && route.opens_on != side;
    if (route.group == group && !counts) return "";
  }
  std::vector<Arrived> arrived;
  for (const ShadowStream& stream : shadow.streams()) {
    if (stream.group != group || stream.from == side || stream.is_followed) continue;
    // What a kernel has of connections that its node has not accepted is in no cut.
    if (!stream.channel_id || stream.is_void) return "";
    arrived.push_back({stream.record, shadow.received_bytes(*stream.record, stream.route)});
  }
  return arrived.size() > 1 ? no_common_moment(arrived) : "";
}

}  // namespace longthrow::sim
