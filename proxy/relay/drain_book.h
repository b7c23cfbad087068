// SPDX-License-Identifier: Apache-2.0
// What the drains of a link wait for.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "proxy/groups/drain_watch.h"
#include "proxy/groups/group.h"
#include "proxy/legs/channel.h"

namespace longthrow {

// Belongs to the loop's thread.
class DrainBook {
 public:
  using Id = std::uint64_t;
  // `held`: no more input is read, so a barrier that DRBD has not sent yet is not waited for.
  enum class Input : std::uint8_t { flows, held };

  // Drain `id` waits for what the group has accepted by now, too, and answers for what the group
  // lacks already.
  void watch(Id id, const Group& group, Input input);
  void forget(Id id) { drains_.erase(id); }
  // Of the channels.
  [[nodiscard]] DrainLeft left(Id id);
  [[nodiscard]] bool covers(Id id, const Group& group) const;

  // A connection that waited for the link goes on as `channel`.
  void go_on(const Channel& channel);
  // From now on the peer says nothing more of the bytes that `channel` has given.
  void on_over(const Channel& channel, const std::string& reason);
  // Bytes of the group that were accepted before are destroyed.
  void on_lost(const Group& group, std::uint64_t bytes, const std::string& reason);
  // Some drain waits for what becomes of its bytes.
  [[nodiscard]] bool watches(const Channel& channel) const;

 private:
  [[nodiscard]] static DrainWatch::Standing standing_of(const Channel& channel);

  std::map<Id, DrainWatch> drains_;
  std::map<std::uint64_t, const Channel*> watched_;  // by serial, until they are over
};

}  // namespace longthrow
