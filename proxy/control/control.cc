// SPDX-License-Identifier: Apache-2.0
// Boost.Asio with its epoll reactor. Asio's io_uring backend is chosen when compiling and cannot
// fall back where io_uring is refused at run time, so it must not be switched on for this folder.
#include "proxy/control/control.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <csignal>
#include <deque>
#include <thread>
#include <utility>

#include "proxy/base/log.h"
#include "proxy/control/answer_json.h"
#include "proxy/control/command_service.h"
#include "proxy/control/control_connection.h"
#include "proxy/control/control_socket.h"
#include "proxy/control/disk_thread.h"
#include "proxy/control/event_log.h"
#include "proxy/control/http_server.h"
#include "proxy/control/node_gateway.h"
#include "proxy/control/notifier.h"
#include "proxy/control/reloader.h"
#include "proxy/control/trace_log.h"

#if defined(BOOST_ASIO_HAS_IO_URING_AS_DEFAULT) || defined(BOOST_ASIO_DISABLE_EPOLL)
#error "proxy/control needs Asio's epoll reactor"
#endif

namespace longthrow::control {
namespace {

using asio::local::stream_protocol;

void log_answer(const json::object& answer) {
  const auto text = [&](const char* key) { return std::string(answer.at(key).as_string()); };
  const auto each = [&](const char* key, auto line) {
    if (const json::value* list = answer.if_contains(key)) {
      for (const json::value& entry : list->as_array()) line(std::string(entry.as_string()));
    }
  };
  if (!answer.at("ok").as_bool()) {
    log_error("reload: {}", text("message"));
    return each("details", [](const std::string& line) { log_error("reload: {}", line); });
  }
  log_info("reload: {}", text("message"));
  each("warnings", [](const std::string& line) { log_warning("reload: {}", line); });
  each("applied", [](const std::string& line) { log_info("reload: applied {}", line); });
  each("details", [](const std::string& line) { log_info("reload: {}", line); });
  each("needs_restart",
       [](const std::string& line) { log_warning("reload: needs a restart: {}", line); });
}

class ControlThread final : public Control {
 public:
  ControlThread(const Config& config, ControlParts parts, ControlSocket socket)
      : store_(parts.store),
        socket_(std::move(socket)),
        gateway_(io_, parts.loop, parts.node, NodeGateway::Limits{}),
        reloader_({store_, gateway_, std::move(parts.check), std::move(parts.check_memlimits),
                   [this](const ReloadStatus& reload) { events_.note_reload(reload); }},
                  config, std::move(parts.connections)),
        state_dir_(std::move(parts.state_dir)),
        service_(gateway_, reloader_, store_, hooks(std::move(parts.restart_pending))),
        trace_(io_, disk_),
        events_(io_, disk_, gateway_, [this](auto handler) { service_.status(std::move(handler)); },
                {.on_event = [this](const Event& event) { notifier_.note(event); },
                 .on_status = [this](const Status& status) { trace_.note(status); }}),
        notifier_(io_, config.node.name, [this] { return reloader_.file_config().node.notify; },
                  {}),
        acceptor_(io_, stream_protocol(), socket_.release_fd()),
        retry_(io_),
        http_retry_(io_),
        http_(io_, [this](auto handler) { service_.status(std::move(handler)); }, HttpLimits{}) {}

  ~ControlThread() override {
    io_.stop();
    if (thread_.joinable()) thread_.join();
    disk_.join();
    events_.close();
    trace_.close();
  }

  Result<void> open_http(const Endpoint& where) {
    Result<void> opened = http_.open(where);
    has_http_ = opened.has_value();
    if (opened || opened.error().code != ErrorCode::interface_missing) return opened;
    log_warning("{}; trying again every second", opened.error().message);
    open_http_later(where);
    return {};
  }

  void start() override {
    accept();
    if (has_http_) http_.start();
    // The control thread, and that of the histories, block all signals: they belong to the thread
    // that the daemon made for them.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (!state_dir_.empty()) start_histories();
    thread_ = std::thread([this] { run(); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  void reload(std::function<void()> done) override {
    asio::post(io_, [this, done = std::move(done)] {
      reloader_.reload({}, [done](const json::object& answer) {
        log_answer(answer);
        done();
      });
    });
  }

  std::optional<Endpoint> http_endpoint() const override {
    return has_http_ ? std::optional(http_.local_endpoint()) : std::nullopt;
  }

 private:
  void start_histories() {
    disk_.start();
    trace_.start(state_dir_);
    events_.start(state_dir_);
  }
  CommandService::Hooks hooks(std::function<std::string()> restart_pending) {
    CommandService::Hooks hooks{.restart_pending = std::move(restart_pending)};
    if (state_dir_.empty()) return hooks;
    hooks.events = [this](const EventsRequest& request) { return events_.answer(request); };
    hooks.trace = [this](CommandService::Reply reply) { trace_.answer(std::move(reply)); };
    hooks.answered = [this](const Command& command, const Answer& answer) {
      events_.note_answer(command, answer);
    };
    return hooks;
  }
  // Tries again every second: the interface of `where` may come later, with the network.
  void open_http_later(const Endpoint& where) {
    http_retry_.expires_after(std::chrono::seconds(1));
    http_retry_.async_wait([this, where](const boost::system::error_code& stopped) {
      if (stopped) return;
      if (!http_.open(where)) return open_http_later(where);
      log_info("node.http: listening on {}", to_string(where));
      http_.start();
    });
  }
  // An exception here comes from Asio, Beast or the allocator, and costs one request.
  void run() {
    pthread_setname_np(pthread_self(), "lt-control");
    while (!io_.stopped()) {
      try {
        io_.run();
      } catch (const std::exception& error) {
        log_error("control: {}", error.what());
      }
    }
  }

  void accept() {
    acceptor_.async_accept(
        [this](const boost::system::error_code& error, stream_protocol::socket client) {
          on_accept(error, std::move(client));
        });
  }

  void on_accept(const boost::system::error_code& error, stream_protocol::socket client) {
    if (error == asio::error::operation_aborted) return;
    if (error) {  // out of descriptors: the client waits in the backlog meanwhile
      retry_.expires_after(std::chrono::milliseconds(100));
      retry_.async_wait([this](const boost::system::error_code& stopped) {
        if (!stopped) accept();
      });
      return;
    }
    // Each arrival removes the connections that have ended, or this list would grow with every
    // command.
    std::erase_if(connections_, [](const auto& connection) { return connection.expired(); });
    const bool welcome = token_.use_count() <= limits_.connections || make_room();
    const auto connection =
        std::make_shared<ControlConnection>(std::move(client), service_, gateway_, limits_,
                                            welcome ? std::shared_ptr<void>(token_) : nullptr);
    if (welcome) {
      connections_.push_back(connection);
      connection->start();
    } else {
      connection->refuse(error_to_json("busy", "too many control clients; try again"));
    }
    accept();
  }

  // Clients that hold connections and ask nothing must not keep an administrator out: closes the
  // oldest connection that is idle.
  bool make_room() {
    for (const auto& weak : connections_) {
      const auto connection = weak.lock();
      if (connection == nullptr || !connection->idle()) continue;
      connection->close();
      return true;
    }
    return false;
  }

  // Destroyed from the last: first the members that use `io_`, then `io_` with handlers that were
  // never called.
  ConfigStore& store_;
  ControlSocket socket_;
  asio::io_context io_{1};
  const ControlLimits limits_;
  std::shared_ptr<int> token_ = std::make_shared<int>();      // each connection holds one
  std::deque<std::weak_ptr<ControlConnection>> connections_;  // in order of coming
  NodeGateway gateway_;
  Reloader reloader_;
  const std::string state_dir_;
  CommandService service_;
  DiskThread disk_;
  TraceLog trace_;
  EventLog events_;
  Notifier notifier_;
  stream_protocol::acceptor acceptor_;
  asio::steady_timer retry_;
  asio::steady_timer http_retry_;
  HttpServer http_;
  bool has_http_ = false;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<Control>> Control::open(const Config& config, ControlParts parts) {
  Result<ControlSocket> socket = ControlSocket::open(config.node.control);
  if (!socket) return std::unexpected(socket.error());
  auto control = std::make_unique<ControlThread>(config, std::move(parts), *std::move(socket));
  if (config.node.http) {
    if (const Result<void> opened = control->open_http(*config.node.http); !opened) {
      return std::unexpected(opened.error());
    }
  }
  return control;
}

}  // namespace longthrow::control
