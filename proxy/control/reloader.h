// SPDX-License-Identifier: Apache-2.0
// Reload: the files are read and checked in full before the node is told; it takes all of it or
// nothing.
#pragma once

#include <functional>
#include <string>

#include "longthrow/config.h"
#include "longthrow/status.h"
#include "proxy/control/config_store.h"
#include "proxy/control/json.h"
#include "proxy/control/node_gateway.h"

namespace longthrow::control {

// The node knows the files as they were loaded; what `set --save` wrote since is their word, too.
void forget_saved_differences(Status& status, const Config& file);

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
  };
  Reloader(Parts parts, Config config)
      : parts_(std::move(parts)), started_with_(config), file_(std::move(config)) {}

  // Answers once, with the object of docs/CONTROL.md. Nothing is applied unless all of it can be.
  void reload(bool dry_run, Done done);

  // The configuration of the files, as last loaded, with what `set --save` wrote since.
  [[nodiscard]] const Config& file_config() const { return file_; }
  [[nodiscard]] Config& file_config() { return file_; }

 private:
  struct Job;
  void apply(const std::shared_ptr<Job>& job);
  void finish(const Job& job, const Answer& answer);

  Parts parts_;
  Config started_with_;  // what still acts of it, as far as reloads cannot change it
  Config file_;
  bool busy_ = false;
};

}  // namespace longthrow::control
