// SPDX-License-Identifier: Apache-2.0
// What the control plane asks of a node. Implemented by proxy/relay; all of it belongs to the
// loop's thread: the control thread reaches it through `Loop::post`, and answers are posted back.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "longthrow/checkpoints.h"
#include "longthrow/commands.h"
#include "longthrow/losses.h"
#include "longthrow/node_parts.h"
#include "longthrow/restart.h"
#include "longthrow/status.h"

namespace longthrow {

// An answer. Long work (drain, pause --drain, takeover) answers several times: `done == false` is
// progress.
struct Answer {
  bool done = true;
  bool ok = true;
  std::string message;               // for people: what happened, or what to do
  std::vector<std::string> details;  // further lines
  struct Progress {
    std::uint64_t left_bytes = 0;
    double rate_bytes_s = 0.0;
    std::optional<double> eta_s;
  };
  std::optional<Progress> progress;
  std::optional<double> rtt_ms;    // ping
  std::optional<bool> consistent;  // takeover: is the copy that was taken over?
  std::optional<LossReport> losses;
  std::optional<RestartReport> restart;
  std::optional<CheckpointRecord> checkpoint;  // how far the one that was asked for has come
  std::optional<CheckpointReport> checkpoints;
};

class Node {
 public:
  using AnswerHandler = std::function<void(Answer)>;
  // Names one command under way, for `abandon`.
  using CommandId = std::uint64_t;

  virtual ~Node() = default;
  [[nodiscard]] virtual Status status() const = 0;
  // `handler` is called on the loop's thread, at least once, the last time with `done`; perhaps
  // before `execute` returns.
  virtual CommandId execute(Command command, AnswerHandler handler) = 0;
  // The asker has gone: undoes a drain --hold; no more answers follow.
  virtual void abandon(CommandId id) = 0;
};

// The node of proxy/relay. `start` is the constructor's second half: it opens listeners and dials.
class RunningNode : public Node {
 public:
  // Fails when a WAN listener cannot be bound, or an arena cannot be had; nothing is left running.
  [[nodiscard]] virtual Result<void> start() = 0;
  // SIGTERM: closes listeners, stops reading legs, delivers for at most stop_timeout, then ends
  // every channel and lane. `stopped` is called once, when nothing is in flight any more and the
  // node may be destroyed. A second call ends at once.
  virtual void stop(std::function<void()> stopped) = 0;
  // Bytes still to deliver, for systemd's status line while stopping.
  [[nodiscard]] virtual std::uint64_t undelivered_bytes() const = 0;
};
// REQUIRES: `tls` has loaded `config`. `io_reason` says why io_uring is not used ("" if it is).
[[nodiscard]] std::unique_ptr<RunningNode> make_node(Config config, NodeParts parts,
                                                     std::string io_reason);

}  // namespace longthrow
