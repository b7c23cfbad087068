// SPDX-License-Identifier: Apache-2.0
// From what legs give to frames that the session can send: who may read how much and when, when a
// block is closed, and in which order frames are made. It knows streams, not channels or legs.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "proxy/ingest/frame_maker.h"
#include "proxy/ingest/ingest_stream.h"
#include "proxy/ingest/send_share.h"

namespace longthrow {

// Of one link. Knows no clock: its owner calls it when the time has come. Belongs to the loop's
// thread; outlives its streams and sessions.
class Ingest {
 public:
  // What has nothing of its own stream before it waits for its turn as a frame, not to become full:
  // at most so long.
  static constexpr Duration kPartialAge = std::chrono::milliseconds(10);

  // How the link stands now.
  struct Outlook {
    bool up = false;
    bool bulk_has_room = false;    // some bulk lane could take a frame
    double drained_bytes_s = 0.0;  // what leaves the send share
  };
  struct Parts {
    Arena& arena;
    FrameJobs& jobs;                   // of the node
    std::function<Outlook()> outlook;  // cheap: asked for each block
    std::function<void()> wake;        // something may be possible now that was not before
    std::function<void()> on_partial;  // see partials_wait()
  };
  Ingest(const Parts& parts, CompressionSetting compression);

  void begin_session(Session& session);
  // Nothing more of the streams is framed. REQUIRES: they are, or will be, detached.
  void end_session();
  // Their shares say how much of the send share a group may fill while it has no credit.
  void set_groups(std::map<std::string, GroupConfig> groups) { groups_ = std::move(groups); }

  // --- the steps of the link's pump

  void store_parked() { frames_.store_parked(); }
  // Streams that wait for a slab, in turn.
  void serve_waiting();
  void make_frames() { frames_.run(); }
  // A lane has room and nothing to send: closes the block that was begun first. False: there is
  // none.
  bool close_oldest_partial() { return close_oldest_partial(nullptr); }
  // Partial blocks wait, and close_old_partials() is to be called kPartialAge from now.
  [[nodiscard]] bool partials_wait() const;
  void close_old_partials(TimePoint now);
  void forget(IngestStream& stream);

  // --- told by streams

  // A block without a slab: there is none now, and on_slab() comes.
  [[nodiscard]] RawBlock lend(IngestStream& stream);
  void take_back(const RawBlock& block);
  void on_block(IngestStream& stream);
  void on_partial(IngestStream& stream);
  // The link has nothing to send before this stream's bytes: a block is worth more now than when it
  // is full.
  [[nodiscard]] bool wants_frame_now(const IngestStream& stream) const;

  [[nodiscard]] SendShare& share() { return share_; }
  [[nodiscard]] const SendShare& share() const { return share_; }
  [[nodiscard]] FrameMaker& frames() { return frames_; }
  [[nodiscard]] const FrameMaker& frames() const { return frames_; }

 private:
  [[nodiscard]] std::uint32_t turn_bytes();
  [[nodiscard]] std::uint32_t room_for(const IngestStream& stream);
  [[nodiscard]] bool group_may_grow(const IngestStream& stream) const;
  bool close_oldest_partial(const IngestStream* except);

  Parts parts_;
  SendShare share_;
  FrameMaker frames_;
  Session* session_ = nullptr;
  std::map<std::string, GroupConfig> groups_;
  StreamQueue slab_queue_ = StreamQueue::for_slabs();
  StreamQueue partials_ = StreamQueue::of_partials();
};

}  // namespace longthrow
