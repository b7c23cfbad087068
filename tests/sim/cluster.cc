// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/cluster.h"

#include <filesystem>

#include "proxy/base/log.h"
#include "proxy/tls/plain_engine.h"

namespace longthrow::sim {
namespace {

constexpr const char* kNames[2] = {"alpha", "beta"};
constexpr const char* kAddresses[2] = {"10.0.0.1", "10.0.0.2"};
constexpr const char* kInsides[2] = {"10.1.0.1", "10.2.0.1"};

CompressionSetting sample_compression(RandomStream& random) {
  switch (random.below(4)) {
    case 0:
      return {.automatic = false, .fixed = {CodecId::none, 0}};
    case 1:
      return {.automatic = false, .fixed = {CodecId::lz4, 0}};
    case 2:
      return {.automatic = false, .fixed = {CodecId::zstd, 1}};
    default:
      return {.automatic = true};
  }
}

void add_errors(const Status& status, PeerErrors& sum) {
  for (const auto& [name, link] : status.links) {
    sum.checksum_failures += link.errors.checksum_failures;
    sum.protocol_errors += link.errors.protocol_errors;
    sum.memory_refusals += link.errors.memory_refusals;
  }
}

}  // namespace

Result<std::unique_ptr<TlsEngine>> PlainProvider::client(const std::string& link) {
  return make_plain_engine(link);
}

Result<std::unique_ptr<TlsEngine>> PlainProvider::server(std::span<const std::string> links) {
  return make_plain_engine(links.front());
}

ClusterOptions ClusterOptions::sample(RandomStream random) {
  ClusterOptions options;
  // Far below what a configuration may say: edges are reached.
  options.memlimit =
      (random.chance(0.5) ? 4 : random.between(std::uint64_t{4}, std::uint64_t{24})) * kMiB;
  options.compression = sample_compression(random);
  options.lanes = static_cast<int>(random.between(std::uint64_t{1}, std::uint64_t{4}));
  options.workers = static_cast<int>(random.below(4));
  const std::uint64_t who = random.below(3);
  options.dials[0] = who != 1;
  options.dials[1] = who != 0;
  if (random.chance(0.2))
    options.session_timeout =
        random.log_between(Duration(std::chrono::seconds(5)), Duration(std::chrono::minutes(5)));
  if (random.chance(0.3)) options.heartbeat = std::chrono::milliseconds(500);
  if (random.chance(0.3)) options.dead_after = std::chrono::seconds(3);
  if (random.chance(0.2))
    options.bandwidth_bytes_s =
        random.log_between(std::uint64_t{512 * kKiB}, std::uint64_t{8 * kMiB});
  const std::uint64_t count = random.between(std::uint64_t{1}, std::uint64_t{3});
  const bool one_group = random.chance(0.4);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string name = format("r{}", i);
    options.routes.push_back(
        {.name = name,
         .group = one_group ? "g" : name,
         .opens_on = random.chance(0.8) ? 0 : 1,
         .protocol = random.chance(0.4) ? RouteProtocol::drbd : RouteProtocol::tcp});
  }
  if (random.chance(0.2)) options.sources = SimSources::Reach::elsewhere;
  if (random.chance(0.25)) {
    options.routes.push_back(
        {.name = "pair",
         .group = one_group ? "g" : "pair",
         .opens_on = random.chance(0.8) ? 0 : 1,
         .protocol = RouteProtocol::drbd,
         .both_ways = true,
         .answer_pings = random.chance(0.5) ? AnswerPings::outage : AnswerPings::never});
  }
  options.hooks = random.chance(0.7);
  if (random.chance(0.2)) options.hook_timeout = std::chrono::seconds(1);
  return options;
}

std::string ClusterOptions::describe() const {
  std::string text =
      format("memlimit {} MiB, {}, {} lanes, {} workers, dials {}{}, routes", memlimit / kMiB,
             to_string(compression), lanes, workers, dials[0] ? "a" : "", dials[1] ? "b" : "");
  for (const Route& route : routes)
    text += format(" {}({},{}{})", route.name, route.group, route.opens_on,
                   route.protocol == RouteProtocol::drbd ? ",drbd" : "");
  if (toy_tls) text += format("; toy TLS, a key for {} bytes", toy_tls->key_update_bytes);
  return text;
}

namespace {

std::unique_ptr<TlsProvider> make_provider(const ClusterOptions& options, SimWorld& world) {
  if (!options.toy_tls) return std::make_unique<PlainProvider>();
  return std::make_unique<ToyTlsProvider>(*options.toy_tls, world.stream("toy_tls", 1));
}

}  // namespace

Cluster::Cluster(SimNetwork& network, ClusterOptions options, const FaultPlan& plan)
    : network_(network),
      options_(std::move(options)),
      plan_(plan),
      tls_(make_provider(options_, network.world())),
      random_(network.world().stream("disks")),
      torn_random_(network.world().stream("torn", 1)) {
  for (int side : {0, 1}) hosts_[side] = network_.add_host(kNames[side], kAddresses[side]);
  network_.set_path(hosts_[0], hosts_[1], plan.wan);
  for (int side : {0, 1}) {
    insides_[side] = network_.add_host(format("{}-inside", kNames[side]), kInsides[side]);
    network_.set_path(hosts_[side], insides_[side], plan.inside);
  }
  for (int side : {0, 1}) {
    Endpoint endpoint = network_.endpoint(hosts_[side], 0);
    names_.names[kNames[side]] = {endpoint};
  }
  names_.failure_ratio = plan.name_failure_ratio;
}

Cluster::~Cluster() {
  for (int side : {0, 1}) {
    if (processes_[side].node != nullptr) die(side, Death::process);
  }
  die(clone_, Death::process);
}

Config Cluster::config(int side) const { return config(side, hosts_[side]); }

Config Cluster::config(int side, HostId host) const {
  Config config;
  config.node.name = kNames[side];
  config.node.state_dir = options_.state_dir + "/" + kNames[side];
  config.node.stop_timeout = options_.stop_timeout;
  LinkConfig link;
  link.listen = network_.endpoint(host, kWanPort);
  if (options_.dials[side]) link.connect = {HostPort{kNames[1 - side], kWanPort}};
  link.memlimit = options_.memlimit;
  link.compression = options_.compression;
  link.bandwidth_bytes_s = options_.bandwidth_bytes_s;
  link.bandwidth_schedule = options_.bandwidth_schedule;
  link.tls = NoTls{};
  link.lanes = options_.lanes;
  link.heartbeat = options_.heartbeat;
  link.dead_after = options_.dead_after;
  link.session_timeout = options_.session_timeout;
  config.links["wan"] = link;
  for (std::size_t i = 0; i < options_.routes.size(); ++i) {
    const ClusterOptions::Route& from = options_.routes[i];
    if (left_out_[side].contains(i)) continue;
    RouteConfig route{.link = "wan",
                      .protocol = from.protocol,
                      .group = from.group,
                      .answer_pings = from.answer_pings};
    if (from.both_ways || from.opens_on == side)
      route.listen = network_.endpoint(host, inside_port(i));
    if (from.both_ways || from.opens_on != side) {
      route.target = HostPort{kInsides[side], target_port(i)};
    }
    config.routes[from.name] = route;
    config.groups[from.group] = {.hook_timeout = options_.hook_timeout,
                                 .checkpoint_every = options_.checkpoint_every};
    if (options_.hooks) config.groups[from.group].on_checkpoint = {"/a/hook"};
  }
  return config;
}

void Cluster::start(int side) {
  ++starts_of_[side];
  const TornFiles torn = std::exchange(torn_[side], {});
  records_torn_[side] += torn.fences ? 1 : 0;
  starts_torn_ = torn.fences;
  start(processes_[side], hosts_[side], side);
  starts_torn_ = false;
  if (auto wrong = judge_start(config(side).node.state_dir, torn); !wrong.empty())
    complaints_.push_back(format("side {}: {}", side, wrong));
  apply_refusals(side);
}

void Cluster::stop(int side) {
  const int start = starts_of_[side];
  // Not within its own call.
  const auto ended = [this, side, start] {
    network_.world().schedule_after(Duration(0), "stopped", [this, side, start] {
      if (starts_of_[side] == start) die(side, Death::process);
    });
  };
  node(side)->stop(ended);
}

Statuses Cluster::statuses() const {
  Statuses statuses;
  for (const int side : {0, 1}) {
    if (processes_[side].node != nullptr) statuses[side] = processes_[side].node->status();
  }
  return statuses;
}

PeerErrors Cluster::errors(const Statuses& now) const {
  PeerErrors sum = errors_of_the_gone_;
  for (const std::optional<Status>& status : now) {
    if (status) add_errors(*status, sum);
  }
  return sum;
}

void Cluster::lose_disk(int side) {
  std::error_code ignored;
  std::filesystem::remove_all(config(side).node.state_dir, ignored);
  ++disks_lost_[side];
  torn_[side] = {};
}

// A file that is torn already is left as it is.
void Cluster::tear_disk(int side) {
  if (!torn_[side].any()) torn_[side] = tear_state(config(side).node.state_dir, torn_random_);
}

void Cluster::set_refusals(int side, Refusals* refusals) {
  refusals_[side] = refusals;
  apply_refusals(side);
}

void Cluster::apply_refusals(int side) {
  Link* link = node(side) != nullptr ? node(side)->find_link("wan") : nullptr;
  if (link != nullptr) link->buffer().arena().set_refusals(refusals_[side]);
}

void Cluster::start_clone() {
  const HostId host = network_.add_host("clone", "10.0.0.3");
  network_.set_path(host, hosts_[1], plan_.wan);
  start(clone_, host, 0);
}

void Cluster::start(Process& process, HostId host, int side) {
  LT_ASSERT(process.node == nullptr);
  network_.power_on(host);
  if (options_.makes_state_dirs)
    std::filesystem::create_directories(config(side, host).node.state_dir);
  const std::string name = format("{}.{}", kNames[side], ++starts_);
  process.loop =
      std::make_unique<SimLoop>(network_, host, name,
                                SimLoopOptions{.clock_offset = std::chrono::hours(side + 1),
                                               .wall_offset = std::chrono::seconds(side),
                                               .names = &names_});
  process.workers = std::make_unique<SimWorkerPool>(
      *process.loop, network_.world(), name,
      SimWorkerOptions{.threads = options_.workers, .slow_ratio = plan_.worker_slow_ratio});
  process.random = std::make_unique<SimRandom>(network_.world().stream("node." + name));
  process.sources = std::make_unique<SimSources>(network_, *process.loop, name, options_.sources);
  process.hooks =
      std::make_unique<SimHooks>(network_.world(), *process.loop, side, name, hook_plan_);
  process.node =
      std::make_unique<NodeImpl>(config(side, host),
                                 NodeParts{*process.loop, *process.workers, *tls_, *process.random,
                                           process.sources.get(), process.hooks.get()},
                                 "");
  const auto started = process.node->start();
  LT_ASSERT(started.has_value());
}

void Cluster::die(int side, Death death) {
  if (node(side) != nullptr) add_errors(node(side)->status(), errors_of_the_gone_);
  die(processes_[side], death);
}

void Cluster::die(Process& process, Death death) {
  if (process.node == nullptr) return;
  process.loop->kill(death);
  process.sources->kill();
  process.hooks->kill();
  process.workers->clear();
  process.node.reset();
  process.hooks.reset();
  process.sources.reset();
  process.random.reset();
  process.workers.reset();
  process.loop.reset();
}

FaultTargets Cluster::fault_targets() {
  return {.hosts = {hosts_[0], hosts_[1]},
          .die =
              [this](int side, Death death) {
                die(side, death);
                if (death == Death::machine && random_.chance(plan_.disk_loss_ratio))
                  lose_disk(side);
                if (torn_random_.chance(plan_.torn_state_ratio)) tear_disk(side);
              },
          .restart =
              [this](int side) {
                if (node(side) == nullptr) start(side);
              },
          .stall =
              [this](int side, TimePoint until) {
                if (processes_[side].loop != nullptr) processes_[side].loop->stall(until);
              }};
}

}  // namespace longthrow::sim
