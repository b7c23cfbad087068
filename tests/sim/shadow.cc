// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/shadow.h"

#include <algorithm>
#include <utility>

#include "proxy/base/log.h"

namespace longthrow::sim {

const ChannelStatus* find_channel(const Status& status, const std::string& route,
                                  std::optional<std::uint64_t> id) {
  const auto found = status.routes.find(route);
  if (!id || found == status.routes.end()) return nullptr;
  const auto channel = std::ranges::find(found->second.channels, *id, &ChannelStatus::id);
  return channel != found->second.channels.end() ? &*channel : nullptr;
}

std::string ShadowStream::describe() const {
  return format("stream {:x} (channel {}, {} given, {} received{})", record->id,
                channel_id ? std::to_string(*channel_id) : "none", given_bytes, received_bytes,
                is_over ? format(", over at {:.3f}",
                                 std::chrono::duration<double>(over_at.time_since_epoch()).count())
                        : "");
}

void Shadow::look(TimePoint now, const Statuses& statuses) {
  find_new();
  for (ShadowStream& stream : streams_) note_counts(stream, now);
  for (ShadowStream& stream : streams_) note_followers(stream);
  std::erase_if(streams_, [this](const ShadowStream& stream) {
    const bool restarted =
        stream.starts[0] != cluster_.starts(0) || stream.starts[1] != cluster_.starts(1);
    return stream.is_void || restarted || (stream.is_over && stream.is_followed);
  });
  if (!statuses[0] || !statuses[1]) return;
  for (ShadowStream& stream : streams_) note_end(stream, statuses, now);
  std::erase_if(streams_, [](const ShadowStream& stream) {
    return stream.is_over && stream.missing_bytes() == 0;
  });
}

void Shadow::find_new() {
  // Of a stream that began since the last look it is then not known which nodes carry it.
  const bool restarted = starts_[0] != cluster_.starts(0) || starts_[1] != cluster_.starts(1);
  for (const auto& app : sources_) {
    const ChannelRecord* record = app->latest_channel();
    if (record == std::exchange(seen_[app.get()], record)) continue;
    const std::size_t index = app->route_port() - inside_port(0);
    const ClusterOptions::Route& route = cluster_.options().routes.at(index);
    streams_.push_back({.record = record,
                        .source = app.get(),
                        .route = index,
                        .from = route.opens_on,
                        .group = route.group,
                        .starts = {cluster_.starts(0), cluster_.starts(1)},
                        .is_void = restarted});
  }
  for (const int side : {0, 1}) starts_[side] = cluster_.starts(side);
}

void Shadow::note_counts(ShadowStream& stream, TimePoint now) const {
  const ChannelRecord& record = *stream.record;
  const std::uint64_t given = stream.source->channel() == &record
                                  ? stream.source->acknowledged_bytes()
                                  : record.forward.given_bytes;
  if (given > stream.given_bytes) {
    stream.given_bytes = given;
    stream.history.push_back({now, given});
  }
  const std::uint64_t received = received_bytes(record, stream.route);
  stream.received_bytes = std::max(stream.received_bytes, received);
  while (!stream.history.empty() && stream.history.front().bytes <= stream.received_bytes)
    stream.history.pop_front();
}

void Shadow::note_end(ShadowStream& stream, const Statuses& statuses, TimePoint now) const {
  const std::string& route = route_name(stream);
  const bool goes_on = stream.source->channel() == stream.record;
  const auto shown = statuses[stream.from]->routes.find(route);
  if (!stream.channel_id && goes_on && shown != statuses[stream.from]->routes.end()) {
    for (const ChannelStatus& channel : shown->second.channels) {
      if (!channel.opened_here || channel.remote != stream.source->address()) continue;
      stream.channel_id = channel.id;
      stream.shown_at = now;
    }
  }
  if (stream.is_over || goes_on) return;
  if (find_channel(*statuses[0], route, stream.channel_id) != nullptr ||
      find_channel(*statuses[1], route, stream.channel_id) != nullptr) {
    return;
  }
  stream.is_over = true;
  stream.over_at = now;
  // A program that hung has read less than its kernel had.
  if (!stream.channel_id || stream.record->forward.reader_hung) stream.is_void = true;
}

// Newer data of its route makes good what a stream has lost.
void Shadow::note_followers(ShadowStream& stream) const {
  if (stream.source->channel() == stream.record || stream.is_followed) return;
  stream.is_followed = std::ranges::any_of(streams_, [&](const ShadowStream& later) {
    return later.route == stream.route && later.record->started_at > stream.record->started_at &&
           later.received_bytes > 0;
  });
}

// A target knows a stream from its first bytes.
std::uint64_t Shadow::received_bytes(const ChannelRecord& record, std::size_t route) const {
  const TargetApp& target = *targets_.at(route);
  return record.forward.reader_seen ? target.received_bytes(record)
                                    : kPatternHeaderBytes + target.unnamed_bytes();
}

std::uint64_t Shadow::received_by_target(std::size_t route) const {
  return targets_.at(route)->received_bytes();
}

void Shadow::forget_route(std::size_t route) {
  for (ShadowStream& stream : streams_) {
    if (stream.route == route) stream.is_void = true;
  }
}

}  // namespace longthrow::sim
