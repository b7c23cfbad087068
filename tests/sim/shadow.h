// SPDX-License-Identifier: Apache-2.0
// The truth beside what nodes answer: of every stream, what its writer's kernel has given, since
// when, and what its target's kernel has.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/application.h"
#include "tests/sim/cluster.h"

namespace longthrow::sim {

// Null: not shown.
[[nodiscard]] const ChannelStatus* find_channel(const Status& status, const std::string& route,
                                                std::optional<std::uint64_t> id);

// One direction, from a source to its target.
struct ShadowStream {
  const ChannelRecord* record = nullptr;
  const SourceApp* source = nullptr;
  std::size_t route = 0;
  int from = 0;  // the side of its source
  std::string group;
  int starts[2] = {0, 0};            // of the nodes that carry it
  std::uint64_t given_bytes = 0;     // acknowledged to its writer: at least so many
  std::uint64_t received_bytes = 0;  // read by its target or unread in its kernel: at most so many
  // What was given by when; only of what the target lacks.
  struct Given {
    TimePoint at;
    std::uint64_t bytes = 0;
  };
  std::deque<Given> history;
  std::optional<std::uint64_t> channel_id;  // once its source's node has shown it
  TimePoint shown_at = kNever;
  bool is_followed = false;  // by a stream of its route that has brought newer data
  bool is_over = false;      // no program and no node has it any more
  TimePoint over_at{};
  // Nothing follows from it any more: a later stream of the route has brought newer data, or the
  // route was removed, or a node that carried it has restarted.
  bool is_void = false;

  [[nodiscard]] std::string describe() const;
  [[nodiscard]] std::uint64_t missing_bytes() const {
    return given_bytes - std::min(given_bytes, received_bytes);
  }
  // Beyond what its target has and `held_bytes` more, something is lacking at least since then.
  [[nodiscard]] std::optional<TimePoint> missing_since(std::uint64_t held_bytes = 0) const {
    const auto lacking = std::ranges::find_if(
        history, [&](const Given& given) { return given.bytes > received_bytes + held_bytes; });
    if (lacking == history.end() || shown_at == kNever) return std::nullopt;
    // What came to a connection before a node had accepted it has no time there.
    return std::max(lacking->at, shown_at);
  }
};

class Shadow {
 public:
  using Sources = std::vector<std::unique_ptr<SourceApp>>;
  using Targets = std::vector<std::unique_ptr<TargetApp>>;
  // `sources` and `targets` may grow; target i stands behind route i.
  Shadow(Cluster& cluster, const Sources& sources, const Targets& targets)
      : cluster_(cluster), sources_(sources), targets_(targets) {}

  // Takes the truth of now.
  void look(TimePoint now, const Statuses& statuses);
  // Those from which something follows, in the order of their beginnings.
  [[nodiscard]] const std::list<ShadowStream>& streams() const { return streams_; }
  [[nodiscard]] const std::string& route_name(const ShadowStream& stream) const {
    return cluster_.options().routes.at(stream.route).name;
  }
  // Of one stream, what its target's kernel has, or had when it ended: at most so much.
  [[nodiscard]] std::uint64_t received_bytes(const ChannelRecord& record, std::size_t route) const;
  // Of all connections that its targets ever had: what has reached their kernels.
  [[nodiscard]] std::uint64_t received_by_target(std::size_t route) const;
  // The route has left the configuration of a node: what became of its streams is not judged.
  void forget_route(std::size_t route);

 private:
  void find_new();
  void note_counts(ShadowStream& stream, TimePoint now) const;
  void note_end(ShadowStream& stream, const Statuses& statuses, TimePoint now) const;
  void note_followers(ShadowStream& stream) const;

  Cluster& cluster_;
  const Sources& sources_;
  const Targets& targets_;
  std::list<ShadowStream> streams_;
  std::map<const SourceApp*, const ChannelRecord*> seen_;
  int starts_[2] = {0, 0};  // at the last look
};

}  // namespace longthrow::sim
