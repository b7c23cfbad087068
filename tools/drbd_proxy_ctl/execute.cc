// SPDX-License-Identifier: Apache-2.0
#include "tools/drbd_proxy_ctl/execute.h"

#include <ostream>
#include <thread>

#include "proxy/base/log.h"
#include "proxy/control/connection_json.h"
#include "proxy/control/json.h"
#include "tools/drbd_proxy_ctl/show.h"
#include "tools/longthrow/client.h"
#include "tools/longthrow/json_fields.h"
#include "tools/longthrow/read_status.h"

namespace longthrow::proxy_ctl {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

Result<json::object> ask_once(const std::string& control, const json::object& request,
                              milliseconds patience) {
  auto client = cli::Client::connect(control);
  if (!client) return std::unexpected(client.error());
  if (auto sent = client->send(request); !sent) return std::unexpected(sent.error());
  return client->receive(patience);
}

// A daemon that many ask at once lets some wait.
Result<json::object> ask(const std::string& control, const json::object& request) {
  const auto deadline = steady_clock::now() + kPatience;
  for (;;) {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now());
    auto answer = ask_once(control, request, std::max(left, milliseconds(1)));
    const bool busy = answer ? cli::text_at(*answer, "error") == "busy"
                             : answer.error().code == ErrorCode::peer_closed;
    if (!busy || steady_clock::now() + milliseconds(100) >= deadline) return answer;
    std::this_thread::sleep_for(milliseconds(50));
  }
}

json::object request_of(const AddConnection& add) {
  json::object request = control::connection_to_json(add.connection);
  request.erase("plugins");  // they are set one by one
  request["command"] = "add-connection";
  request["name"] = add.name;
  return request;
}
json::object request_of(const DeleteConnection& remove) {
  return {{"command", "delete-connection"}, {"name", remove.name}};
}
json::object request_of(const SetConnection& set) {
  json::object request{{"command", "set-connection"}, {"name", set.name}};
  if (set.memlimit) request["memlimit"] = *set.memlimit;
  if (set.bandwidth_bytes_s) request["bandwidth_bytes_s"] = *set.bandwidth_bytes_s;
  return request;
}
json::object request_of(const SetPlugin& set) {
  json::object request{{"command", "set-plugin"}, {"name", set.name}, {"index", set.index}};
  if (set.plugin) request["plugin"] = *set.plugin;
  return request;
}

class Executor {
 public:
  Executor(const std::string& control, const Output& output) : control_(control), output_(output) {}

  int operator()(const Change& change) {
    const auto request = std::visit([](const auto& each) { return request_of(each); }, change.what);
    return answered(request) ? kDone : code_;
  }
  int operator()(const Show& show) {
    Status status;
    if (show.what != Listing::paths && show.what != Listing::plugins) {
      const auto answer = answered({{"command", "status"}});
      if (!answer) return code_;
      status = cli::read_status(cli::object_at(*answer, "status"));
    }
    const auto list = answered({{"command", "connections"}});
    if (!list) return code_;
    output_.out << show_listing(show, cli::object_at(*list, "connections"), status);
    return kDone;
  }
  int operator()(const ShowProxySettings& show) {
    const auto list = answered({{"command", "connections"}});
    if (!list) return code_;
    const std::string text = show_proxy_settings(cli::object_at(*list, "connections"), show.name);
    output_.out << text;
    if (!text.empty()) return kDone;
    output_.err << "drbd-proxy-ctl: there is no connection \"" << show.name << "\"\n";
    return kDown;
  }
  int operator()(const ShowVersion&) {
    output_.out << kVersionText << "\n";
    return kDone;
  }
  int operator()(const ShowHelp&) {
    output_.out << help_text();
    return kDone;
  }
  int operator()(const Shutdown&) {
    output_.err << "drbd-proxy-ctl: longthrowd also carries what drbd-proxy-ctl did not add, so it "
                   "is not stopped from here: systemctl stop longthrowd\n";
    return kRefused;
  }
  int operator()(const Quit&) { return kDone; }
  int operator()(const Ignored&) { return kDone; }

 private:
  // The answer, if it is one of success; else the error has been said, and code_ set.
  std::optional<json::object> answered(const json::object& request) {
    auto answer = ask(control_, request);
    if (!answer) {
      code_ = kNoDaemon;
      output_.err << "drbd-proxy-ctl: " << answer.error().message << "\n";
      return std::nullopt;
    }
    if (cli::flag_at(*answer, "ok")) return std::move(*answer);
    code_ = kRefused;
    const json::value* message = answer->if_contains("message");
    const bool text = message != nullptr && message->is_string();
    output_.err << "drbd-proxy-ctl: "
                << (text ? std::string_view(message->get_string()) : "refused") << "\n";
    return std::nullopt;
  }

  const std::string& control_;
  const Output& output_;
  int code_ = kDone;
};

}  // namespace

int execute(const Command& command, const std::string& control, const Output& output) {
  for (const std::string& note : command.notes) output.err << "note: " << note << "\n";
  return std::visit(Executor(control, output), command.what);
}

std::string help_text() {
  return R"(drbd-proxy-ctl: adds DRBD's connections to longthrowd, in the words of DRBD Proxy.

drbdadm calls it (proxy-up, proxy-down, adjust), and so do LINSTOR and Anvil!. For everything else
there is more in `longthrow status`, `longthrow set` and `longthrow doctor`.

Usage:
  drbd-proxy-ctl [-c] COMMAND [-c COMMAND]...     a command is one argument, or several words
  drbd-proxy-ctl                                  reads commands from standard input, one a line

Commands:
  add connection NAME INSIDE PEER-OUTSIDE OUTSIDE DRBD [--memlimit=SIZE] [--bwlimit=BYTES/S]
                                  INSIDE is where the local DRBD connects to, DRBD where it accepts,
                                  the OUTSIDE addresses are those of the two daemons on the WAN
  del connection NAME             also done if there is none
  set memlimit NAME SIZE          up or down, while it runs; 128M is 128 MiB
  set bwlimit NAME BYTES/S        the most that it sends; 0: no limit
  set plugin NAME INDEX PLUGIN    zstd level 1..22, zlib level 1..9, lzma level 1..9, lz4, noop;
                                  of several the last one counts; without any: automatic
  set plugin NAME INDEX END       the list of plugins ends before INDEX
  show                            the connections, as the commands that add them
  show hconnections               their states, buffers and lag; without the h: numbers in bytes
  show hsubconnections            their TCP streams, in columns separated by TABs
  show memusage
  show proxy-settings NAME        as a block of drbd.conf, for drbdadm
  show avail-plugins
  print statistics                name=value pairs, one line for each connection, for scripts
  version, help, quit

Options:
  --control SOCKET                the daemon's control socket ($LONGTHROW_CONTROL, or
                                  /run/longthrow/control.sock)
  --help, --version

Examples:
  drbd-proxy-ctl show hconnections
  drbd-proxy-ctl -c "show hconnections" -c "show memusage"
  drbd-proxy-ctl -c "set memlimit r0-beta-alpha 2G"

Exit code: 0 done, 1 no such connection (show proxy-settings), 10 refused, 20 no daemon.
)";
}

}  // namespace longthrow::proxy_ctl
