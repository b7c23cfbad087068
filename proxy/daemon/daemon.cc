// SPDX-License-Identifier: Apache-2.0
#include "proxy/daemon/daemon.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "longthrow/node.h"
#include "proxy/base/log.h"
#include "proxy/base/program_file.h"
#include "proxy/base/random.h"
#include "proxy/base/state_folder.h"
#include "proxy/control/connection_json.h"
#include "proxy/control/control.h"
#include "proxy/control/file_config_store.h"
#include "proxy/daemon/check_configuration.h"
#include "proxy/daemon/service_manager.h"
#include "proxy/daemon/signal_thread.h"
#include "proxy/hooks/hook_runner.h"
#include "proxy/io/descriptor_reserve.h"
#include "proxy/io/make_loop.h"
#include "proxy/io/source_diagnostics.h"
#include "proxy/io/worker_pool.h"
#include "proxy/tls/provider.h"

namespace longthrow {
namespace {

int codec_threads(const Config& config) {
  if (config.node.codec_threads) return *config.node.codec_threads;
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()) - 1);
}

std::string listening_addresses(const Config& config, const control::Control& control) {
  std::string out;
  const auto add = [&](const std::string& what) { out += (out.empty() ? "" : ", ") + what; };
  for (const auto& [name, link] : config.links) {
    if (link.listen) add(format("link {} on {}", name, to_string(*link.listen)));
  }
  for (const auto& [name, route] : config.routes) {
    if (route.listen) add(format("route {} on {}", name, to_string(*route.listen)));
  }
  if (const auto http = control.http_endpoint()) add("http on " + to_string(*http));
  add("control on " + config.node.control);
  return out;
}

// Members are declared in the order in which they are needed, and destroyed in the opposite one.
class Daemon {
 public:
  explicit Daemon(const std::filesystem::path& main_file) : store_(main_file) {
    watchdog_.bind<&Daemon::on_watchdog>(this);
    stop_watch_.bind<&Daemon::on_stop_watch>(this);
  }
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;
  ~Daemon();

  Result<void> start(const Config& files);
  void run();

 private:
  Result<void> open_state(const NodeConfig& node);
  void on_signal(int signal);
  void begin_stop();
  void on_watchdog();
  void on_stop_watch();

  ProgramFile program_ = ProgramFile::of_this_process();
  std::optional<StateFolder> state_;
  control::FileConfigStore store_;
  Config config_;
  SystemRandom random_;
  std::string io_reason_;
  std::unique_ptr<Loop> loop_;
  Timer watchdog_;
  Timer stop_watch_;
  std::unique_ptr<WorkerPool> workers_;
  std::unique_ptr<SourcePositions> sources_;
  std::unique_ptr<HookRunner> hooks_;
  std::unique_ptr<TlsProvider> tls_;
  std::unique_ptr<RunningNode> node_;
  std::unique_ptr<control::Control> control_;
  std::optional<SignalThread> signals_;
  std::optional<std::chrono::microseconds> watchdog_interval_;
  std::optional<TimePoint> stop_deadline_;  // set while stopping
};

Daemon::~Daemon() {
  signals_.reset();
  if (!loop_) return;
  loop_->disarm(watchdog_);
  loop_->disarm(stop_watch_);
}

// Leaves out connections that no longer fit beside the files: a stale one must not keep the rest
// from running, and drbdadm adds it again.
Result<DrbdConnections> usable_connections(const Config& files) {
  const std::string& state_dir = files.node.state_dir;
  auto saved = control::load_connections(state_dir);
  if (!saved) {
    const auto aside = set_aside(control::connections_file(state_dir));
    if (!aside) return std::unexpected(saved.error());
    log_error("{}. It was renamed to {}; this node starts without them", saved.error().message,
              *aside);
    return DrbdConnections{};
  }
  if (with_connections(files, *saved)) return saved;
  DrbdConnections usable;
  for (const auto& [name, connection] : *saved) {
    usable.emplace(name, connection);
    if (const auto fits = with_connections(files, usable); !fits) {
      log_error("left out: {}", fits.error().message);
      usable.erase(name);
    }
  }
  return usable;
}

// If the folder cannot be written the node still runs, but cannot keep takeovers and connections.
Result<void> Daemon::open_state(const NodeConfig& node) {
  auto folder = StateFolder::open(node.state_dir, node.name);
  if (!folder) {
    if (folder.error().code == ErrorCode::in_use) return std::unexpected(folder.error());
    log_error("{}: takeovers will be refused, and connections cannot be added",
              folder.error().message);
    return {};
  }
  state_.emplace(std::move(*folder));
  if (state_->found() == StateFolder::Found::new_here) {
    log_warning(
        "state_dir {} is new: nothing is known of earlier takeovers and added connections. "
        "Expected "
        "at a first start; else its disk is missing",
        node.state_dir);
  } else if (state_->found() == StateFolder::Found::foreign) {
    log_warning("state_dir {} was used by node {} before", node.state_dir, state_->owner());
  }
  return {};
}

// Every step that can fail comes before the node does anything that others can see.
Result<void> Daemon::start(const Config& files) {
  if (Result<void> state = open_state(files.node); !state) return state;
  auto connections = usable_connections(files);
  if (!connections) return std::unexpected(connections.error());
  config_ = *with_connections(files, *connections);
  const Config& config = config_;
  store_.set_state_dir(config.node.state_dir);
  if (Result<void> memory = check_memlimits(config); !memory) return memory;
  raise_descriptor_limit();
  Result<LoopChoice> choice = make_loop(config.node.io);
  if (!choice) return std::unexpected(choice.error());
  loop_ = std::move(choice->loop);
  if (loop_->name() != "io_uring") io_reason_ = choice->reason;
  workers_ = make_worker_pool(*loop_, codec_threads(config));
  tls_ = make_tls_provider();
  if (Result<void> keys = tls_->load_usable(config); !keys) return keys;
  for (const auto& [name, link] : config.links) {
    if (const std::string trouble = tls_->trouble(name); !trouble.empty())
      log_error("{}. This link stays down until it is mended and `longthrow reload` given",
                trouble);
  }
  sources_ = make_source_diagnostics(*loop_);
  hooks_ = make_hook_runner(*loop_);
  node_ = make_node(config, {*loop_, *workers_, *tls_, random_, sources_.get(), hooks_.get()},
                    io_reason_);
  auto control = control::Control::open(
      files, {*loop_, *node_, store_, check_machine, check_memlimits, std::move(*connections),
              [this] { return program_.replaced(); }, config.node.state_dir});
  if (!control) return std::unexpected(control.error());
  control_ = *std::move(control);
  if (Result<void> started = node_->start(); !started) return started;
  control_->start();
  log_info("longthrowd {}: node {}, io {}{}, codec threads {}, {}", LONGTHROW_VERSION,
           config.node.name, loop_->name(), io_reason_.empty() ? "" : " (" + io_reason_ + ")",
           workers_->threads(), listening_addresses(config, *control_));
  return {};
}

void Daemon::run() {
  watchdog_interval_ = service_manager::watchdog_interval();
  loop_->post([this] { on_watchdog(); });
  signals_.emplace([this](int signal) { on_signal(signal); });
  service_manager::ready(format("node {}, {} link(s)", config_.node.name, config_.links.size()));
  loop_->run();
  signals_.reset();
  log_info("longthrowd: ended");
}

// On the signal thread.
void Daemon::on_signal(int signal) {
  if (signal != SIGHUP) return loop_->post([this] { begin_stop(); });
  service_manager::reloading();
  control_->reload([] { service_manager::reloaded(); });
}

// A second signal ends at once.
void Daemon::begin_stop() {
  if (!stop_deadline_) {
    Duration longest{0};
    for (const auto& [name, link] : config_.links) longest = std::max(longest, link.abort_linger);
    stop_deadline_ = loop_->now() + config_.node.stop_timeout + longest + std::chrono::seconds(15);
    log_info("longthrowd: stopping, {} bytes to deliver", node_->undelivered_bytes());
    on_stop_watch();
  }
  node_->stop([this] { loop_->stop(); });
}

// Runs on the loop's thread, so that the watchdog finds a loop that is stuck.
void Daemon::on_watchdog() {
  if (!watchdog_interval_) return;
  service_manager::alive();
  loop_->arm(watchdog_, loop_->now() + *watchdog_interval_);
}

// Asks systemd for more time in small pieces, and only until stop_deadline_.
void Daemon::on_stop_watch() {
  const bool more = loop_->now() < *stop_deadline_;
  service_manager::stopping(format("stopping, {} bytes to deliver", node_->undelivered_bytes()),
                            std::chrono::seconds(more ? 10 : 0));
  loop_->arm(stop_watch_, loop_->now() + std::chrono::seconds(1));
}

}  // namespace

int run_daemon(const std::filesystem::path& main_file) {
  const auto loaded = control::FileConfigStore(main_file).load();
  if (!loaded) {
    for (const std::string& line : loaded.error()) log_error("{}", line);
    return kNotDone;
  }
  set_log_level(loaded->config.node.log_level);
  // Each link without TLS has one of these warnings, at every start.
  for (const std::string& line : loaded->warnings) log_warning("{}", line);
  Daemon daemon(main_file);
  if (const Result<void> started = daemon.start(loaded->config); !started) {
    log_error("{}", started.error().message);
    return kNotDone;
  }
  daemon.run();
  return kDone;
}

}  // namespace longthrow
