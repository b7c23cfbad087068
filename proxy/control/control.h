// SPDX-License-Identifier: Apache-2.0
// The control plane of a node: the control socket, HTTP and reload, on a thread of its own. The
// data plane is reached through `Loop::post` alone, so that nothing here can hold it up.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "longthrow/config.h"
#include "longthrow/endpoint.h"
#include "longthrow/error.h"
#include "longthrow/loop.h"
#include "longthrow/node.h"
#include "proxy/control/config_store.h"

namespace longthrow::control {

struct ControlParts {
  Loop& loop;
  Node& node;
  ConfigStore& store;
  // Whether a configuration could run on this machine (memory, readable keys), before a reload
  // changes anything; on the control thread.
  std::function<Result<void>(const Config&)> check;
  // The part of `check` that looks at memlimits only.
  std::function<Result<void>(const Config&)> check_memlimits;
  // The connections of drbd-proxy-ctl that the node started with, beside the configuration.
  DrbdConnections connections;
  // Why a restart would run another program, empty if it would not; on the control thread.
  std::function<std::string()> restart_pending{};
  // Where the history of events is kept; "": there is none.
  std::string state_dir{};
};

// All parts outlive the Control. The loop no longer runs when the node is destroyed after it.
class Control {
 public:
  // `config` is that of the files alone. Binds the control socket and, where configured, HTTP;
  // serves nothing yet. Leaves nothing behind on failure.
  [[nodiscard]] static Result<std::unique_ptr<Control>> open(const Config& config,
                                                             ControlParts parts);
  // Ends the thread and removes the socket file; clients are cut off.
  virtual ~Control() = default;

  // Starts the thread.
  virtual void start() = 0;
  // As `longthrow reload`, with the result in the log; then calls `done` on the control thread.
  // Thread-safe. REQUIRES: started.
  virtual void reload(std::function<void()> done) = 0;
  // Where HTTP listens, with the real port.
  [[nodiscard]] virtual std::optional<Endpoint> http_endpoint() const = 0;
};

}  // namespace longthrow::control
