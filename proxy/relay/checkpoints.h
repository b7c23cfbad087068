// SPDX-License-Identifier: Apache-2.0
// The checkpoints of a link's groups, at either end.
#pragma once

#include "proxy/relay/made_checkpoints.h"
#include "proxy/relay/reached_checkpoints.h"

namespace longthrow {

// Belongs to the loop's thread.
struct Checkpoints {
  MadeCheckpoints made;
  ReachedCheckpoints reached;

  void configure(const std::map<std::string, GroupConfig>& groups) {
    made.configure(groups);
    reached.configure(groups);
  }
  void on_news() {
    made.on_news();
    reached.look();
  }
  void on_tick() {
    made.on_tick();
    reached.look();
  }
  void end(const std::string& why, const Group* group) {
    made.end(why, group);
    reached.end(why, group);
  }
  void end_session(const std::string& why) {
    made.end_session(why);
    reached.end(why, nullptr);
  }
  [[nodiscard]] bool idle() const { return made.idle() && reached.idle(); }
};

}  // namespace longthrow
