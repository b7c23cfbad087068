// SPDX-License-Identifier: Apache-2.0
// What must hold of the nodes themselves, beside the streams (tests/sim/ledger.h): bounded memory,
// the truth of the lag, no leaks, no protocol errors between honest nodes.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "longthrow/config.h"
#include "tests/sim/cluster.h"
#include "tests/sim/shadow.h"

namespace longthrow::sim {

// G5: neither share is exceeded. Asked again and again: a limit that was lowered is approached
// while what was stored before drains, and is judged from when it was reached.
class MemoryChecker {
 public:
  void check(Cluster& cluster, const Statuses& statuses, std::vector<std::string>& violations);

 private:
  struct Share {
    std::uint64_t allowed_bytes = 0;
    TimePoint reached_at = kNever;  // the limit, from above
  };
  static void judge(Share& share, std::uint64_t used_bytes, std::uint64_t limit_bytes,
                    TimePoint now, const std::string& who, std::vector<std::string>& violations);
  Share shares_[2][2];
  NodeImpl* nodes_[2] = {nullptr, nullptr};
};
// Sums since a node's start never fall, and none grows faster than it can.
class SumChecker {
 public:
  void check(Cluster& cluster, const Statuses& statuses, std::vector<std::string>& violations);

 private:
  struct Seen {
    double started_s = -1.0;  // tells a node from the one before it
    double at_s = 0.0;
    double full_s = 0.0;
    std::uint64_t delivered_bytes = 0;
    std::uint64_t peer_delivered_bytes = 0;
  };
  Seen seen_[2];
};
// G4 and G7: what both nodes say, beside the truth.
class AnswerChecker {
 public:
  struct Options {
    bool stalls = false;      // a process that stands still sees nothing meanwhile
    bool takes_over = false;  // somebody may take over
  };
  explicit AnswerChecker(const Options& options)
      : stalls_(options.stalls), takes_over_(options.takes_over) {}
  void check(Cluster& cluster, const Statuses& statuses, const Shadow& shadow, TimePoint now,
             std::vector<std::string>& violations) const;

 private:
  using Violate = std::function<void(std::string)>;
  // Less is the last word of a connection that is given up.
  static constexpr std::uint64_t kTrifleBytes = 1024;
  // A node looks at its legs every 250 ms.
  static constexpr double kSlackSeconds = 0.4;
  static constexpr Duration kLook = std::chrono::milliseconds(300);
  // Until both nodes have noticed what the end of a stream has destroyed.
  static constexpr Duration kNotice = std::chrono::seconds(10);
  // `unreaped`: bytes that reads have taken of whose end a node does not know yet.
  void check_lag(const Shadow& shadow, const Statuses& statuses, const std::uint64_t (&unreaped)[2],
                 TimePoint now, const Violate& violate) const;
  static void check_delivered(const Shadow& shadow, const Statuses& statuses,
                              const Violate& violate);
  void check_copies(const Shadow& shadow, const Statuses& statuses, TimePoint now,
                    const Violate& violate) const;
  const bool stalls_;
  const bool takes_over_;
};
// After everything has settled: no channel, no byte, no operation is left.
void check_no_leaks(Cluster& cluster, std::vector<std::string>& violations);

// Nodes of ours never break the protocol, never send a frame that fails its checksum, and have
// memory for each frame that comes, unless the simulation has damaged or refused it: told by the
// nodes' counters (longthrow/error_code.h).
class ErrorChecker {
 public:
  struct Options {
    bool damages_memory = false;
    bool refuses_memory = false;
  };
  explicit ErrorChecker(const Options& options) : options_(options) {}
  void check(const PeerErrors& errors, std::vector<std::string>& violations);

 private:
  const Options options_;
  PeerErrors told_;
};

}  // namespace longthrow::sim
