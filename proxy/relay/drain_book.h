// SPDX-License-Identifier: Apache-2.0
// Knows what each drain of a link still waits for.
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
  // `held`: the legs are not read any more, so a drain does not wait for a barrier that DRBD has
  // not sent yet.
  enum class Input : std::uint8_t { flows, held };

  // Makes drain `id` wait for the bytes that the group has accepted by now. Bytes that the group
  // has lost already fail it.
  void watch(Id id, const Group& group, Input input);
  void forget(Id id) { drains_.erase(id); }
  // What the drain waits for in channels. Link::drain_left adds the connections that wait for the
  // link.
  [[nodiscard]] DrainLeft left(Id id);
  [[nodiscard]] bool covers(Id id, const Group& group) const;

  // A connection that waited for the link has become `channel`.
  void go_on(const Channel& channel);
  // The peer will say nothing more about the bytes that `channel` has given.
  void on_over(const Channel& channel, const std::string& reason);
  // `bytes` that the group had accepted are lost.
  void on_lost(const Group& group, std::uint64_t bytes, const std::string& reason);
  // Whether some drain waits for bytes of `channel`.
  [[nodiscard]] bool watches(const Channel& channel) const;

 private:
  [[nodiscard]] static DrainWatch::Standing standing_of(const Channel& channel);

  std::map<Id, DrainWatch> drains_;
  std::map<std::uint64_t, const Channel*> watched_;  // by serial, until on_over()
};

}  // namespace longthrow
