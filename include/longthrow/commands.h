// SPDX-License-Identifier: Apache-2.0
// The commands that an administrator gives to a node: plain values. What they do is in
// docs/CONTROL.md.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "longthrow/config.h"
#include "longthrow/restart.h"

namespace longthrow {

// One request each. Names are those of the command line.
struct SetMemlimit {
  std::string link;
  std::uint64_t bytes = 0;
};
struct SetCompression {
  std::string link;
  CompressionSetting setting;
};
struct SetBandwidth {
  std::string link;
  std::uint64_t bytes_s = 0;  // 0: unlimited
};
struct Pause {
  std::string link;
  bool drain = false;
};
struct Resume {
  std::string name;  // a paused link, or a held group
};
struct Drain {
  std::string group;
  Duration timeout{0};  // 0: none
  bool hold = false;
};
struct Takeover {
  std::string name;  // a link or a group
  bool force = false;
};
struct Release {
  std::string name;
};
// An administrator says that the copies of a group are whole, by means of which the node knows
// nothing. What was lost before no longer counts here.
struct AcceptConsistent {
  std::string group;
};
// A named place in what the programs of a group write. Done when it has its place, or with `wait`
// when the copy has reached it and its hook has ended.
struct MakeCheckpoint {
  std::string group;
  std::string name;     // "": the time
  bool frozen = false;  // an administrator has stopped what writes
  bool wait = false;
  Duration timeout{0};  // for its place to be found
};
// The checkpoints that the node knows.
struct ListCheckpoints {
  std::string group;  // "": of all groups
};
struct Ping {
  std::string link;
};
// Keys and certificates are read anew, too. If it is refused, nothing was changed.
struct Reload {
  Config config;
  bool dry_run = false;
  // Keep values that `set` changed on links whose configuration in the files did not change.
  bool keep_set_values = false;
};
// The ledger of losses.
struct Losses {
  std::string name;                // of a link, a group or a route; "": all
  std::optional<WallTime> since;   // only losses from then on; not beside `within`
  std::optional<Duration> within;  // only losses no older than this
  bool minor = false;              // also those of minor weight
};

using Command = std::variant<SetMemlimit, SetCompression, SetBandwidth, Pause, Resume, Drain,
                             Takeover, Release, AcceptConsistent, MakeCheckpoint, ListCheckpoints,
                             Ping, Reload, RestartCheck, Losses>;

}  // namespace longthrow
