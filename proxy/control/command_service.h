// SPDX-License-Identifier: Apache-2.0
// What the control protocol can do, without its transport: a request in, answers out.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "longthrow/status.h"
#include "proxy/control/config_store.h"
#include "proxy/control/json.h"
#include "proxy/control/node_gateway.h"
#include "proxy/control/reloader.h"
#include "proxy/control/request.h"

namespace longthrow::control {

// Control thread only.
class CommandService {
 public:
  // Called on the control thread, also from inside `handle`. The last answer has "done": true.
  using Reply = std::function<void(json::object)>;
  struct Started {
    std::optional<NodeGateway::Ticket> ticket;  // for NodeGateway::abandon
    bool is_long = false;                       // abandoned when the asker goes away
  };

  struct Hooks {
    // Each may be missing.
    std::function<std::string()> restart_pending{};
    std::function<json::object(const EventsRequest&)> events{};
    std::function<void(Reply)> trace{};
    std::function<void(const Command&, const Answer&)> answered{};  // the last answer
  };
  CommandService(NodeGateway& gateway, Reloader& reloader, ConfigStore& store, Hooks hooks)
      : gateway_(gateway), reloader_(reloader), store_(store), hooks_(std::move(hooks)) {}

  Started handle(std::string_view request_line, Reply reply);
  // The node's status. A value that was saved to the file since the node's start counts as the
  // file's. Whether a restart is pending is looked up at each call.
  void status(std::function<void(Result<Status>)> handler);

 private:
  [[nodiscard]] json::object connections() const;
  void keep(const NodeRequest& request, json::object& answer);
  Started execute(NodeRequest request, Reply reply);
  // Refuses a memlimit that the files could not have either.
  void set_memlimit(NodeRequest request, Reply reply);
  Started pass_on(NodeRequest request, Reply reply);

  NodeGateway& gateway_;
  Reloader& reloader_;
  ConfigStore& store_;
  Hooks hooks_;
};

}  // namespace longthrow::control
