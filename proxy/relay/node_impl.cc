// SPDX-License-Identifier: Apache-2.0
#include "proxy/relay/node_impl.h"

#include <algorithm>

#include "proxy/base/log.h"
#include "proxy/groups/checkpoint_file.h"

namespace longthrow {

std::unique_ptr<RunningNode> make_node(Config config, NodeParts parts, std::string io_reason) {
  return std::make_unique<NodeImpl>(std::move(config), parts, std::move(io_reason));
}

namespace {

// What is still to be delivered is known from the peer and from the kernel, which tell nobody.
constexpr Duration kDrainLook = std::chrono::milliseconds(20);
const LossCause kNodeStopped{LossReason::node_stopped, "this node was stopped"};

Incarnation draw_incarnation(RandomSource& random) {
  Incarnation incarnation;
  random.fill(incarnation);
  return incarnation;
}

}  // namespace

NodeImpl::NodeImpl(Config config, NodeParts parts, std::string io_reason)
    : config_(std::move(config)),
      parts_(parts),
      io_reason_(std::move(io_reason)),
      closing_list_(parts.loop, [this] { go_on_stopping(); }),
      jobs_(parts.workers),
      garbage_(64 * kKiB),
      losses_(parts.loop, parts.workers),
      checkpoints_{.on_change = [this] { on_checkpoints_changed(); }},
      context_{parts,
               config_.node.name,
               draw_incarnation(parts.random),
               closing_list_,
               jobs_,
               garbage_,
               losses_,
               checkpoints_},
      removed_links_(parts.loop, [this] { go_on_stopping(); }),
      started_at_(parts.loop.now()) {
  task_timer_.bind<&NodeImpl::on_task_timer>(this);
  stop_.timer.bind<&NodeImpl::on_stop_timer>(this);
  copies_.timer.bind<&NodeImpl::on_copies_timer>(this);
}

NodeImpl::~NodeImpl() {
  closing_list_.clear();
  parts_.loop.disarm(task_timer_);
  parts_.loop.disarm(stop_.timer);
  parts_.loop.disarm(copies_.timer);
}

std::map<std::string, RouteConfig> NodeImpl::routes_of(const Config& config,
                                                       const std::string& link) const {
  std::map<std::string, RouteConfig> routes;
  for (const auto& [name, route] : config.routes) {
    if (route.link == link) routes.emplace(name, route);
  }
  return routes;
}

std::map<std::string, GroupConfig> NodeImpl::groups_of(const Config& config,
                                                       const std::string& link) const {
  std::map<std::string, GroupConfig> groups;
  for (const auto& [name, route] : config.routes) {
    const auto group = config.groups.find(route.group);
    if (route.link == link && group != config.groups.end()) groups.insert(*group);
  }
  return groups;
}

Result<void> NodeImpl::start() {
  restore_fences();
  if (auto opened = open_ports(config_); !opened) return opened;
  for (const auto& [name, link] : config_.links) {
    if (auto added = add_link(config_, name); !added) return added;
  }
  apply_fences();
  restore_copies();
  checkpoints_.book.restore(load_checkpoints(config_.node.state_dir), parts_.loop.wall_now());
  losses_.open(config_.node.state_dir);
  running_ = true;
  return {};
}

Result<void> NodeImpl::add_link(const Config& config, const std::string& name) {
  auto link = std::make_unique<Link>(context_, name, config.links.at(name));
  if (fences_.links.contains(name)) fence_as_before(*link, name);
  if (auto started = link->start(routes_of(config, name), groups_of(config, name)); !started) {
    link->stop({LossReason::node_stopped, "the link could not be started"});
    removed_links_.retire(std::move(link));
    return started;
  }
  links_.emplace(name, std::move(link));
  return {};
}

void NodeImpl::apply_fences() {
  for (const std::string& group : fences_.groups) {
    for (auto& [name, link] : links_) {
      Group* its_group = link->configured_group(group);
      if (its_group == nullptr) continue;
      const auto since = fences_.groups_since_s.find(group);
      if (since != fences_.groups_since_s.end()) {
        link->stops().put_fence_of(its_group, WallTime(std::chrono::seconds(since->second)),
                                   format("`longthrow takeover {}`", group));
      }
      link->fence(*its_group);
    }
  }
}

// --- stopping

std::uint64_t NodeImpl::undelivered_bytes() const {
  std::uint64_t left = 0;
  for (const auto& [name, link] : links_) left += link->undelivered_bytes();
  return left;
}

void NodeImpl::stop(std::function<void()> stopped) {
  stop_.done = std::move(stopped);
  const TimePoint now = parts_.loop.now();
  if (stop_.step != NodeStop::Step::none) {
    stop_.deadline = stop_.abort_at = now;
  } else {
    stop_.step = NodeStop::Step::draining;
    stop_.began = now;
    stop_.deadline = now + config_.node.stop_timeout;
    for (auto& [name, link] : links_) link->begin_stop();
    tasks_.hinder(Hindrance::node_stops);
  }
  parts_.loop.arm(stop_.timer, now);
}

void NodeImpl::on_stop_timer() {
  using enum NodeStop::Step;
  const TimePoint now = parts_.loop.now();
  if (stop_.step == draining) {
    if (!is_drained() && now < stop_.deadline)
      return parts_.loop.arm(stop_.timer, now + kDrainLook);
    end_links(now);
  }
  if (stop_.step == ending && now >= stop_.abort_at) {
    for (auto& [name, link] : links_) link->abort_channels(kNodeStopped);
    for (const auto& link : removed_links_.all()) link->abort_channels(kNodeStopped);
  } else if (stop_.step == ending) {
    parts_.loop.arm(stop_.timer, stop_.abort_at);
  }
  if (stop_.step == ending && is_idle()) {
    stop_.step = closing_ledger;
    losses_.close([this] {
      stop_.step = ended;
      go_on_stopping();
    });
  } else if (stop_.step == ended) {
    parts_.loop.disarm(stop_.timer);
    auto stopped = std::exchange(stop_.done, nullptr);
    if (stopped) stopped();
  }
}

void NodeImpl::go_on_stopping() {
  if (stop_.step == NodeStop::Step::ending || stop_.step == NodeStop::Step::ended)
    parts_.loop.arm(stop_.timer, parts_.loop.now());
}

bool NodeImpl::is_drained() const {
  return std::ranges::all_of(links_, [this](const auto& entry) {
    // Without the peer no byte moves, so waiting is useless.
    return entry.second->drained() || entry.second->nobody_can_come(stop_.began);
  });
}

void NodeImpl::end_links(TimePoint now) {
  stop_.step = NodeStop::Step::ending;
  keep_copies();
  parts_.loop.disarm(copies_.timer);
  Duration longest{0};
  for (auto& [name, link] : links_) longest = std::max(longest, link->config().abort_linger);
  stop_.abort_at = std::min(stop_.abort_at, now + longest);
  for (auto& [name, link] : links_) {
    link->stop(kNodeStopped);
    link->tell_when_idle(*this);
  }
  for (auto& [endpoint, port] : ports_) {
    port->stop();
    port->tell_when_idle(*this);
  }
}

bool NodeImpl::is_idle() const {
  const auto idle = [](const auto& entry) { return entry.second->idle(); };
  return std::ranges::all_of(links_, idle) && std::ranges::all_of(ports_, idle) &&
         removed_links_.empty() && closing_list_.empty();
}

// --- status

Status NodeImpl::status() const {
  Status status;
  status.node = config_.node.name;
  status.version = LONGTHROW_VERSION;
  status.uptime_s = seconds_of(parts_.loop.now() - started_at_);
  status.io = parts_.loop.name();
  status.io_reason = io_reason_;
  status.stopping = stop_.step != NodeStop::Step::none;
  status.losses = losses_.summary();
  for (const auto& [name, link] : links_) link->fill_status(status);
  say_waiting_ports(status);
  return status;
}

}  // namespace longthrow
