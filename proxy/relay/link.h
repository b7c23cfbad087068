// SPDX-License-Identifier: Apache-2.0
// A link: composes the peer, the routes, the channels and the buffer, and moves bytes through them.
#pragma once

#include <map>
#include <set>
#include <string>

#include "proxy/relay/channels.h"
#include "proxy/relay/checkpoints.h"
#include "proxy/relay/copies.h"
#include "proxy/relay/doors.h"
#include "proxy/relay/epochs.h"
#include "proxy/relay/left_to_hand_over.h"
#include "proxy/relay/link_numbers.h"

namespace longthrow {

// Belongs to the loop's thread.
class Link final : public Closable {
 public:
  Link(LinkContext& context, const std::string& name, LinkConfig config);
  ~Link() override;

  // --- life
  [[nodiscard]] Result<void> start(const std::map<std::string, RouteConfig>& routes,
                                   const std::map<std::string, GroupConfig>& groups);
  // Reads from legs only what the kernel has by now. Buffered bytes are still delivered.
  void begin_stop();
  [[nodiscard]] bool drained() const { return undelivered_bytes() == 0; }
  // Whether waiting for the rest is useless: for kGoneAfter, counted from `stop_began` at the
  // earliest, the peer's host has answered that no node is there. The peer's process is gone then,
  // and with it the session. A cut, through which no answer comes, does not count.
  [[nodiscard]] bool nobody_can_come(TimePoint stop_began) const;
  // Ends everything.
  void stop(const LossCause& cause);
  // For use after stop(): aborts the channels whose targets still have to take bytes.
  void abort_channels(const LossCause& cause) { channels_.abort_all(cause); }
  [[nodiscard]] bool idle() const override {
    return stops_.stopped() && channels_.all().empty() && peer_.uplink().idle() && epochs_.idle() &&
           checkpoints_.idle();
  }

  // --- the configuration
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const LinkConfig& config() const { return config_; }
  // Whether such a link can run. `memlimit_max`: the most to which its arena can ever be raised.
  [[nodiscard]] static Result<void> check(const std::string& name, const LinkConfig& config,
                                          const std::map<std::string, RouteConfig>& routes,
                                          std::uint64_t memlimit_max);
  [[nodiscard]] std::uint64_t memlimit_max() const { return buffer_.memlimit_max(); }
  // Values of `set`: keep them where the file's value has not changed, or drop them all.
  enum class SetValues : std::uint8_t { keep, forget };
  // Applies a new configuration, with the routes and groups of this link. REQUIRES: check() passed.
  void reload(const LinkConfig& config, const std::map<std::string, RouteConfig>& routes,
              const std::map<std::string, GroupConfig>& groups, SetValues values);

  // --- commands
  [[nodiscard]] Result<void> set_memlimit(std::uint64_t bytes);
  void set_compression(const CompressionSetting& setting);
  void set_bandwidth(std::uint64_t bytes_s);
  void pause();
  void resume();
  void hold(Group& group);
  void end_hold(Group& group);
  // Takeover. fence() ends the session for good; no new one begins until unfence(). fence(group)
  // does so with the channels and routes of a group.
  void fence();
  void unfence();
  void fence(Group& group);
  void unfence(Group& group);
  [[nodiscard]] static LeftToHandOver left_to_hand_over(const Group& group);
  void abort_hand_over(const Group& group) { channels_.abort_hand_over(group); }

  // --- its parts
  [[nodiscard]] Peer& peer() { return peer_; }
  [[nodiscard]] const Peer& peer() const { return peer_; }
  [[nodiscard]] Stops& stops() { return stops_; }
  [[nodiscard]] const Stops& stops() const { return stops_; }
  [[nodiscard]] Copies& copies() { return copies_; }
  [[nodiscard]] Checkpoints& checkpoints() { return checkpoints_; }
  [[nodiscard]] DrainBook& drains() { return ends_.drains(); }
  [[nodiscard]] LinkBuffer& buffer() { return buffer_; }
  [[nodiscard]] const Channels& channels() const { return channels_; }
  // Null: no configured route is in the group; for find_group: the link knows nothing of it.
  [[nodiscard]] Group* configured_group(const std::string& name) {
    return routes_.configured_group(name);
  }
  [[nodiscard]] Group* find_group(const std::string& name) { return routes_.groups().find(name); }
  // The groups of the configuration, and those that still have channels.
  [[nodiscard]] std::set<std::string> group_names() const;

  // --- what is left
  [[nodiscard]] DrainLeft drain_left(DrainBook::Id id);
  [[nodiscard]] std::uint64_t undelivered_bytes() const { return numbers_.undelivered_bytes(); }
  void fill_status(Status& status) const;
  void fill_restart(RestartReport& report);

 private:
  static constexpr Duration kTick = std::chrono::milliseconds(250);
  static constexpr Duration kGoneAfter = std::chrono::seconds(5);

  [[nodiscard]] Channels::Parts parts();
  [[nodiscard]] Peer::Hooks peer_hooks();
  void end_channels(const LossCause& cause);
  void on_tick();
  void update_groups();
  void forget_old_troubles();
  // How the connections of a route are encrypted although the link compresses; "": they are not.
  [[nodiscard]] std::string_view inner_encryption(const Route& route) const;
  void say_what_guides_found();

  // The data path (link_pump.cc).
  void wake();
  void pump();
  void handle_events();
  void watch_partials();
  void on_partial_timer();
  [[nodiscard]] Ingest::Outlook outlook() const;
  void approach_memlimit();
  void update_receive_window();
  void set_routes(const std::map<std::string, RouteConfig>& routes);

  void fill_link(LinkStatus& status) const;
  void fill_uplink(LinkStatus& status) const;
  void fill_buffer(LinkStatus& status) const;
  void fill_group(const Group& group, GroupStatus& status) const;
  void fill_route(const Route& route, RouteStatus& status) const;
  void judge_route(const Route& route, RouteStatus& status) const;

  LinkContext& context_;
  const std::string name_;
  LinkConfig config_;
  LinkLog log_;
  LinkBuffer buffer_;
  RouteTable routes_;
  Stops stops_;
  Peer peer_;
  ChannelEnds ends_;
  Channels channels_;
  Doors doors_;
  Epochs epochs_;
  Checkpoints checkpoints_;
  Copies copies_;
  LinkNumbers numbers_;
  struct Beat {
    Timer tick;
    Timer pump;     // wake()
    Timer control;  // the session, or the bandwidth, has something due then
    Timer partial;
    TimePoint last_tick{};
  } beat_;
};

}  // namespace longthrow
