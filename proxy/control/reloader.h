// SPDX-License-Identifier: Apache-2.0
// The configuration that the node runs: the files, and the connections of drbd-proxy-ctl. A change
// of either is checked in full before the node is told; the node applies all of it or nothing.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>

#include "longthrow/config.h"
#include "longthrow/status.h"
#include "proxy/config/drbd_connections.h"
#include "proxy/control/config_store.h"
#include "proxy/control/json.h"
#include "proxy/control/node_gateway.h"
#include "proxy/control/request.h"

namespace longthrow::control {

// Removes from `status` the differences between node and file that `set --save` has since written
// to the file: the node only knows the files as they were loaded.
void forget_saved_differences(Status& status, const Config& file);

// How a reload of the files ended.
struct ReloadStatus {
  bool ok = true;     // it was done
  std::string error;  // why it was not
};

// Control thread only.
class Reloader {
 public:
  // `check` says whether a configuration could run here (memory, readable keys); control thread.
  using Check = std::function<Result<void>(const Config&)>;
  using Done = std::function<void(json::object)>;

  struct Parts {
    ConfigStore& store;
    NodeGateway& gateway;
    Check check;
    Check check_memlimits;
    // Called after each reload of the files that was not dry.
    std::function<void(const ReloadStatus&)> reloaded{};
  };
  // `config` is that of the files alone.
  Reloader(Parts parts, Config config, DrbdConnections connections);

  // Each answers once, with the object of docs/CONTROL.md. Nothing is applied unless all of it can
  // be. Requests are served one after the other, in the order of asking.
  void reload(ReloadRequest request, Done done);
  void change(ConnectionChange change, Done done);

  // The configuration of the files, as last loaded, with what `set --save` wrote since.
  [[nodiscard]] const Config& file_config() const { return file_; }
  [[nodiscard]] Config& file_config() { return file_; }
  [[nodiscard]] const DrbdConnections& connections() const { return connections_; }
  // When the files were read that run, and why the last reload failed, if it did.
  void fill_status(Status& status) const { status.configuration = standing_; }
  // Whether the node could run with these memlimits, by link, and those of the files for other
  // links. The check and its error texts are those for the files.
  [[nodiscard]] Result<void> allows(const std::map<std::string, std::uint64_t>& memlimits) const;

 private:
  struct Job;
  void begin(std::function<void()> task);
  void end(const Done& done, json::object answer);
  [[nodiscard]] Done noted(Done done);
  void begin_reload(ReloadRequest request, Done done);
  void apply(const std::shared_ptr<Job>& job);
  void finish(const Job& job, const Answer& answer);
  void begin_change(const ConnectionChange& change, Done done);
  // The configuration with `connections`, if it could run here.
  [[nodiscard]] Result<Config> possible(const Config& files, const DrbdConnections& connections);

  Parts parts_;
  Config started_with_;  // what the node runs of settings that a reload cannot change
  Config file_;
  DrbdConnections connections_;
  decltype(Status::configuration) standing_;
  bool busy_ = false;
  std::deque<std::function<void()>> waiting_;  // bounded by the number of clients
};

}  // namespace longthrow::control
