// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/operator.h"

#include <algorithm>

#include "proxy/base/log.h"
#include "tests/sim/drbd_world.h"
#include "tests/sim/moments.h"

namespace longthrow::sim {
namespace {
using std::chrono::hours;
using std::chrono::seconds;
constexpr const char* kKindNames[] = {"set",     "pause", "resume", "drain", "takeover",
                                      "release", "clock", "reload", "stop",  "checkpoint"};
constexpr const char* kLink = "wan";
constexpr Duration kStopMargin = seconds(15);
}  // namespace

Operator::Operator(Cluster& cluster, Shadow& shadow, RandomStream random, Violate violate)
    : cluster_(cluster), shadow_(shadow), random_(random), violate_(std::move(violate)) {
  for (std::size_t i = 0; i < kKinds; ++i) {
    if (random_.chance(0.4)) kinds_.push_back(static_cast<Kind>(i));
  }
  HookPlan& hooks = cluster_.hook_plan();
  hooks.fails = 0.1;
  hooks.takes_max = seconds(20);
  hooks.on_begin = [this](int side, const HookRun& run) { on_hook_begin(side, run); };
  hooks.on_end = [this](int side, const HookRun& run) { on_hook_end(side, run); };
}

// The nodes may outlive it.
Operator::~Operator() { cluster_.hook_plan() = {}; }

std::string Operator::describe() const {
  std::string text;
  for (const Kind kind : kinds_) text += format(" {}", kKindNames[static_cast<std::size_t>(kind)]);
  return text;
}

// The cluster may start with less than a command may say.
std::uint64_t Operator::memlimit() const {
  return std::max(kMemlimitMin, cluster_.options().memlimit);
}

std::string Operator::some_group() {
  const auto& routes = cluster_.options().routes;
  return routes[random_.below(routes.size())].group;
}

// Routes of a link or group whose copies are at `side`.
std::set<std::size_t> Operator::copies_in(int side, const std::string& name) const {
  std::set<std::size_t> copies;
  const auto& routes = cluster_.options().routes;
  for (std::size_t i = 0; i < routes.size(); ++i) {
    if (routes[i].opens_on != side && !routes[i].both_ways &&
        (name == kLink || routes[i].group == name))
      copies.insert(i);
  }
  return copies;
}

void Operator::give(int side, Command command) {
  if (node(side) != nullptr) (void)node(side)->execute(std::move(command), [](const Answer&) {});
}

void Operator::ask(Kind kind, int side, Command command, TimePoint answer_by,
                   std::function<void(const Answer&)> judge_answer) {
  const auto asked = asked_.insert(
      asked_.end(),
      {.kind = kind, .side = side, .start = cluster_.starts(side), .answer_by = answer_by});
  asked->id = node(side)->execute(std::move(command),
                                  [asked, judge_answer = std::move(judge_answer)](const Answer& a) {
                                    if (!a.done) return;
                                    asked->start = 0;
                                    judge_answer(a);
                                  });
}

void Operator::act(TimePoint now) {
  if (kinds_.empty()) return;
  const int side = static_cast<int>(random_.below(2));
  const Kind kind = kinds_[random_.below(kinds_.size())];
  if (node(side) == nullptr) return;
  switch (kind) {
    case Kind::set:
      return set(side);
    case Kind::pause:
      return pause(side);
    case Kind::resume:
      give(side, Resume{kLink});
      return give(side, Resume{some_group()});
    case Kind::drain:
      return drain(side, now);
    case Kind::checkpoint:
      return checkpoint(side, now);
    case Kind::takeover:
      return takeover(side);
    case Kind::release:
      return release(side, random_.chance(0.5) ? kLink : some_group());
    case Kind::clock:
      return cluster_.loop(side)->jump_wall(random_.chance(0.5) ? hours(1) : -hours(1));
    case Kind::reload: {
      std::set<std::size_t> left_out;
      for (std::size_t i = 0; i < cluster_.options().routes.size(); ++i) {
        if (random_.chance(0.3)) left_out.insert(i);
      }
      return reload(side, std::move(left_out));
    }
    case Kind::stop:
      return random_.chance(0.2) ? stop(side, now) : void();
  }
}

void Operator::set(int side) {
  switch (random_.below(3)) {
    case 0:
      return give(side, SetBandwidth{kLink, random_.chance(0.3)
                                                ? 0
                                                : random_.log_between(std::uint64_t{64 * kKiB},
                                                                      std::uint64_t{16 * kMiB})});
    case 1:
      return give(side, SetMemlimit{kLink, random_.between(kMemlimitMin, 2 * memlimit())});
    default:
      return give(side,
                  SetCompression{
                      kLink, {.automatic = false, .fixed = {CodecId::zstd, random_.chance(0.5)}}});
  }
}

void Operator::pause(int side) {
  if (random_.chance(0.5)) return give(side, Pause{.link = kLink});
  ask(Kind::pause, side, Pause{.link = kLink, .drain = true}, kNever, [](const Answer&) {});
}

// What has reached the targets, and what the node says that was destroyed.
std::uint64_t Operator::handed_over(int side, const std::string& name) {
  std::uint64_t bytes = node(side)->status().links.at(kLink).abort_lost_bytes;
  for (const std::size_t route : copies_in(side, name)) bytes += shadow_.received_by_target(route);
  return bytes;
}

// What takeovers have left out; a new takeover begins at 0 again.
std::uint64_t Operator::left_out(int side, const std::string& name) {
  std::uint64_t bytes = 0;
  for (const auto& [group, status] : node(side)->status().groups) {
    if (name == kLink || group == name) bytes += status.inbound.left_out_bytes;
  }
  return bytes;
}

// G3: a copy that is called proven is of one moment.
void Operator::judge_moment(int side, const std::string& name) {
  for (const auto& [group, status] : node(side)->status().groups) {
    const bool proven =
        status.consistent == Consistency::yes && status.inbound.proof == Proof::source;
    if (!proven || (name != kLink && group != name)) continue;
    const std::string wrong = no_common_moment(cluster_.options(), shadow_, side, group);
    if (!wrong.empty())
      violate_(format("G3: the copy of {} on side {} is called proven: {}", group, side, wrong));
  }
}

// What was held is handed over or said to be lost, when it answers; and nothing comes after.
void Operator::takeover(int side) {
  const std::string name = random_.chance(0.5) ? kLink : some_group();
  const std::uint64_t handed_before = handed_over(side, name);
  const Status before = node(side)->status();
  std::uint64_t held = 0;
  const auto& routes = cluster_.options().routes;
  const bool only_copies = std::ranges::all_of(routes, [&](const auto& route) {
    return (name != kLink && route.group != name) || (route.opens_on != side && !route.both_ways);
  });
  for (const auto& [group, status] : before.groups) {
    // Others hold answers for their sources, too.
    if (only_copies && (name == kLink || group == name)) held += status.undelivered_bytes;
  }
  // Of what the legs' kernels have not seen acknowledged, or the node does not know to be written,
  // some may be there already.
  const std::uint64_t due =
      handed_before + held - std::min(held, cluster_.loop(side)->uncertain_leg_bytes());
  const bool again =
      std::ranges::any_of(fences_[side], [&](const Fence& fence) { return fence.name == name; });
  const int releases = releases_[side][name];
  const auto judge = [=, this](const Answer& answer) {
    // Refused, joined to an earlier one, or undone since.
    if (!answer.consistent || again || releases != releases_[side][name]) return;
    if (const std::uint64_t done = handed_over(side, name) + left_out(side, name); done < due) {
      violate_(
          format("takeover: side {} has answered for {}, and {} bytes that it held are "
                 "neither handed over nor called lost",
                 side, name, due - done));
    }
    if (drbd_ != nullptr) drbd_->on_taken(side, name, *answer.consistent);
    judge_moment(side, name);
    Fence fence{.name = name, .disks_lost = cluster_.disks_lost(side)};
    for (const std::size_t route : copies_in(side, name))
      fence.received_bytes[route] = shadow_.received_by_target(route);
    fences_[side].push_back(std::move(fence));
  };
  ask(Kind::takeover, side, Takeover{.name = name, .force = random_.chance(0.7)}, kNever, judge);
}

void Operator::release(int side, const std::string& name) {
  std::erase_if(fences_[side], [&](const Fence& fence) { return fence.name == name; });
  ++releases_[side][name];
  if (drbd_ != nullptr) drbd_->on_released(side, name);
  give(side, Release{name});
}

void Operator::reload(int side, std::set<std::size_t> left_out) {
  for (std::size_t i = 0; i < cluster_.options().routes.size(); ++i) {
    if (left_out.contains(i) || cluster_.left_out(side).contains(i)) shadow_.forget_route(i);
  }
  cluster_.leave_out(side, std::move(left_out));
  const bool stopping = node(side)->status().stopping;
  Config config = cluster_.config(side);
  config.links.at(kLink).memlimit = memlimit();
  (void)node(side)->execute(
      Reload{.config = std::move(config), .keep_set_values = random_.chance(0.5)},
      [this, side, stopping](const Answer& answer) {
        if (answer.done && !answer.ok && !stopping)
          violate_(format("side {} refuses to reload: {}", side, answer.message));
      });
}

void Operator::stop(int side, TimePoint now) {
  if (node(side)->status().stopping) return;
  const Config config = cluster_.config(side);
  stops_[side] = {.start = cluster_.starts(side),
                  .ended_by = now + config.node.stop_timeout + config.links.at(kLink).abort_linger +
                              kStopMargin,
                  .back_at = now + random_.between(Duration(0), Duration(seconds(30)))};
  cluster_.stop(side);
}

void Operator::judge(TimePoint now, const Statuses& statuses) {
  for (const int side : {0, 1}) {
    const Stop& stop = stops_[side];
    const bool stopped_one = stop.start == cluster_.starts(side);
    if (node(side) == nullptr) {
      if (stopped_one && now >= stop.back_at) cluster_.start(side);
      continue;
    }
    if (stopped_one && now > stop.ended_by) violate_(format("stop: side {} has not ended", side));
    note_torn_record(side);
    for (const Fence& fence : fences_[side])
      judge_fence(side, fence, statuses[side]->links.at(kLink));
  }
  std::erase_if(asked_, [&](const Asked& asked) {
    if (asked.start != cluster_.starts(asked.side) || node(asked.side) == nullptr) return true;
    if (now > asked.answer_by)
      violate_(format("side {} has not answered a {} in its time", asked.side,
                      kKindNames[static_cast<std::size_t>(asked.kind)]));
    return now > asked.answer_by;
  });
}

// What was taken over is not known any more, so the link is fenced, until it is released.
void Operator::note_torn_record(int side) {
  if (std::exchange(records_torn_[side], cluster_.records_torn(side)) ==
      cluster_.records_torn(side))
    return;
  for (Fence& fence : fences_[side]) fence.name = kLink;
  fences_[side].push_back({.name = kLink, .disks_lost = cluster_.disks_lost(side)});
  if (drbd_ != nullptr) drbd_->on_torn_record(side);
}

// It is kept on disk: restarts do not lift it.
void Operator::judge_fence(int side, const Fence& fence, const LinkStatus& link) {
  if (fence.disks_lost != cluster_.disks_lost(side)) return;
  if (fence.name == kLink && (!link.fenced || link.state == LinkState::up)) {
    violate_(format("fence: side {} was taken over, and its link is {}, {}", side,
                    to_string(link.state), link.fenced ? "fenced" : "not fenced"));
  }
  for (const auto& [route, bytes] : fence.received_bytes) {
    if (const std::uint64_t now_bytes = shadow_.received_by_target(route); now_bytes != bytes) {
      violate_(
          format("fence: {} was taken over at side {}, and {} bytes more have reached the "
                 "targets of route {}",
                 fence.name, side, now_bytes - bytes, route));
    }
  }
}

void Operator::restore() {
  for (const int side : {0, 1}) {
    stops_[side] = {};
    if (node(side) != nullptr && node(side)->status().stopping) cluster_.die(side, Death::process);
    if (node(side) == nullptr) cluster_.start(side);
    note_torn_record(side);
    for (const Asked& asked : asked_) {
      const bool goes_on = asked.kind == Kind::takeover;
      if (!goes_on && asked.side == side && asked.start == cluster_.starts(side))
        node(side)->abandon(asked.id);
    }
    std::erase_if(asked_, [&](const Asked& asked) {
      return asked.side == side && asked.kind != Kind::takeover;
    });
    give(side, SetMemlimit{kLink, memlimit()});
    give(side, SetBandwidth{kLink, cluster_.options().bandwidth_bytes_s});
    give(side, Resume{kLink});
    release(side, kLink);
    for (const auto& route : cluster_.options().routes) {
      give(side, Resume{route.group});
      release(side, route.group);
    }
    reload(side, {});
  }
}

void Operator::check_answered() {
  for (const Asked& asked : asked_) {
    if (asked.start != cluster_.starts(asked.side)) continue;
    violate_(format("side {} has never answered a {}", asked.side,
                    kKindNames[static_cast<std::size_t>(asked.kind)]));
  }
}

}  // namespace longthrow::sim
