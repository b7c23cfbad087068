// SPDX-License-Identifier: Apache-2.0
// A snapshot of a node, made on the loop's thread and handed to the control thread. Plain values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "longthrow/checkpoints.h"
#include "longthrow/drbd_status.h"
#include "longthrow/lane_status.h"
#include "longthrow/losses.h"
#include "longthrow/status_words.h"
#include "longthrow/time.h"

namespace longthrow {

struct Lag {
  std::uint64_t bytes = 0;
  double seconds = 0.0;
};

// What an administrator has stopped, of a link or of a group.
struct Notice {
  NoticeKind what = NoticeKind::held;
  Side where = Side::here;
  WallTime since{};  // at the peer: as the peer says, or else when it was heard
  std::string by;    // the command; or what the peer said
};

struct Warning {     // no failure, but not as it should be
  std::string name;  // for programs: inner_tls, nothing_passes
  std::string text;
};

struct LinkStatus {
  LinkState state = LinkState::connecting;
  WallTime state_since{};
  std::string reason;            // why it is not up; empty when up
  std::string peer;              // name of the peer's node, once known
  std::optional<double> rtt_ms;  // nothing: not up, or not yet measured
  std::vector<LaneStatus> lanes;
  std::optional<WallTime> paused_since;
  bool fenced = false;
  std::vector<Notice> notices;
  struct {
    std::uint64_t used_bytes = 0;        // of the arena, send side
    std::uint64_t raw_bytes = 0;         // what these stand for, uncompressed
    std::uint64_t limit_bytes = 0;       // the memlimit
    std::uint64_t send_limit_bytes = 0;  // of it, what the send side may use
    std::uint64_t receive_used_bytes = 0;
    std::uint64_t receive_granted_bytes = 0;  // held, and what may still come; not shown
    std::uint64_t receive_limit_bytes = 0;
    bool full = false;    // the send share is spent
    double full_s = 0.0;  // for how long it was, in sum since the start of the node
    bool locked = true;   // in memory; else the kernel may swap it
  } buffer;
  Lag lag;
  std::uint64_t undelivered_bytes = 0;  // received, not yet acknowledged by the target
  Limit limited_by = Limit::down;
  std::optional<double> drain_eta_s;  // nothing: not known, or never
  std::optional<double> full_eta_s;
  struct {
    double in_bytes_s = 0.0;   // read from local legs
    double out_bytes_s = 0.0;  // written to lanes, before TLS
  } rate;
  struct {
    std::string setting;             // "auto", "zstd:3"
    std::string codec;               // in use
    std::optional<double> ratio;     // raw bytes / compressed bytes, recent
    std::uint64_t raw_bytes = 0;     // in frames made since the start of the node; not shown
    std::uint64_t stored_bytes = 0;  // the same bytes after compression; not shown
  } compression;
  struct {
    std::uint64_t bytes_s = 0;           // in force now; 0: unlimited
    std::string window;                  // of the schedule, as in the file; "": in none
    std::optional<WallTime> changes_at;  // by the schedule
  } bandwidth;
  struct {  // nothing: the link has no certificates, or none was shown yet
    std::optional<WallTime> here;
    std::optional<WallTime> peer;  // as it has shown last, also while the link is down
  } certificate_ends;
  std::uint64_t reconnects = 0;  // this and the next ones: since the start of the node, monotonic
  std::uint64_t sessions = 0;
  std::uint64_t retransmitted_bytes = 0;
  std::uint64_t raw_in_bytes = 0;                       // read from local legs
  std::uint64_t wire_out_bytes = 0, wire_in_bytes = 0;  // on lanes, TLS included
  std::uint64_t delivered_bytes = 0;                    // acknowledged by local targets, raw
  std::uint64_t peer_delivered_bytes = 0;  // of raw_in_bytes: acknowledged by the peer's targets
  struct {
    std::uint64_t checksum_failures = 0;  // frames; each was asked for again
    std::uint64_t protocol_errors = 0;    // breaches by the peer; each ended a lane
    std::uint64_t memory_refusals = 0;    // frames that came and found no memory; they come again
    std::uint64_t refused_peers = 0;      // connections that were not the peer's
  } errors;
  std::uint64_t aborted_channels = 0;
  std::uint64_t abort_lost_bytes = 0;          // destroyed by aborts after abort_linger
  std::vector<std::string> differs_from_file;  // running settings: memlimit, compression, bandwidth
  std::vector<Warning> warnings;
};

struct GroupStatus {
  std::string link;
  Consistency consistent = Consistency::yes;
  std::string reason;  // why not yes
  std::vector<Notice> notices;
  Lag lag;
  bool without_credit = false;  // bytes wait to be sent, and the peer takes no more of it
  std::uint64_t epoch = 0, undelivered_bytes = 0;
  struct {
    std::uint64_t source = 0, freeze = 0;
    std::uint64_t observed = 0;
    std::uint64_t unproven = 0;
    std::string obstacle;  // why the last attempt gave no proof; "": it gave one
  } cuts;
  CheckpointCounts checkpoints;
  struct {
    std::uint64_t epoch = 0;
    std::optional<Proof> proof;     // nothing, until something was received
    std::string proof_reason;       // what proves it, or why nothing does
    std::optional<WallTime> as_of;  // the sender's time
    std::optional<double> age_s;
    std::uint64_t left_out_bytes = 0;  // behind the end of the copy, by the last takeover
  } inbound;
};

struct ChannelStatus {
  std::uint64_t id = 0;
  bool opened_here = false;
  std::string local;  // addresses of the leg
  std::string remote;
  ChannelState state = ChannelState::open;
  std::uint64_t in_bytes = 0;   // read from the leg
  std::uint64_t out_bytes = 0;  // written to the leg
  std::uint64_t lag_bytes = 0;
  std::uint64_t delivered_bytes = 0;  // of in_bytes: the peer's target has them, as the peer says
};

struct RouteStatus {
  std::string group;
  std::string link;
  std::string listen;  // as configured; "" where the route has none here
  std::string target;
  RouteState state = RouteState::closed;
  std::string reason;                   // why not open; or the last failure
  std::uint64_t channels_total = 0;     // since start
  std::vector<ChannelStatus> channels;  // now; at most kChannelsListedMax of them
  std::uint64_t channels_open = 0;      // now, all of them
  std::uint64_t waiting = 0;            // connections that came while the link was down
  static constexpr std::size_t kChannelsListedMax = 64;
  std::optional<DrbdStatus> drbd;  // of protocol drbd
  std::vector<Warning> warnings;
};

struct Status {
  std::string node;
  std::string version;
  double uptime_s = 0.0;
  std::string io;               // io_uring | epoll
  std::string io_reason;        // why not io_uring
  std::string restart_pending;  // why a restart would run another program
  bool stopping = false;
  struct {
    WallTime read_at{};                  // the configuration that runs, at the start or by a reload
    std::optional<WallTime> refused_at;  // when the last reload failed; nothing: it did not
    std::string refused;                 // why; "": it did not
  } configuration;
  LossSummary losses;
  std::map<std::string, LinkStatus> links;
  std::map<std::string, GroupStatus> groups;
  std::map<std::string, RouteStatus> routes;
};

}  // namespace longthrow
