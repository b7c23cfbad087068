// SPDX-License-Identifier: Apache-2.0
// Makes frames, which the session can send, of the bytes that legs give. Decides who may read how
// much and when, when a block is closed, and in which order frames are made. It knows streams, not
// channels or legs.
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

// One for each link. It reads no clock: its owner calls it at the right time. Belongs to the loop's
// thread; outlives its streams and sessions.
class Ingest {
 public:
  // The first block of a stream that has nothing else waiting is closed after this time, though it
  // is not full.
  static constexpr Duration kPartialAge = std::chrono::milliseconds(10);

  // The state of the link now.
  struct Outlook {
    bool up = false;
    bool bulk_has_room = false;    // some bulk lane can take a frame
    double drained_bytes_s = 0.0;  // the rate at which bytes leave the send share
    TimePoint now{};
  };
  struct Parts {
    Arena& arena;
    FrameJobs& jobs;                   // of the node
    std::function<Outlook()> outlook;  // cheap: called for each block
    std::function<void()> wake;        // called when more may be possible than before
    std::function<void()> on_partial;  // see partials_wait()
  };
  Ingest(const Parts& parts, CompressionSetting compression);

  void begin_session(Session& session);
  // Makes no further frame of the streams. REQUIRES: they are, or will be, detached.
  void end_session();
  // The groups' configuration. Its `share` says how much of the send share a group may fill while
  // it has no credit.
  void set_groups(std::map<std::string, GroupConfig> groups) { groups_ = std::move(groups); }

  // --- the steps of the link's pump

  void store_parked() { frames_.store_parked(); }
  // Gives slabs to streams that wait for one, in turn.
  void serve_waiting();
  void make_frames() { frames_.run(); }
  // Called when a lane has room and nothing to send: closes the block that was begun first. False:
  // there is none.
  bool close_oldest_partial() { return close_oldest_partial(nullptr); }
  // Whether partial blocks wait. Then call close_old_partials() kPartialAge from now.
  [[nodiscard]] bool partials_wait() const;
  void close_old_partials(TimePoint now);
  void forget(IngestStream& stream);

  // --- told by streams

  // Lends a block. A block without a slab means: none is free now, and on_slab() will be called.
  [[nodiscard]] RawBlock lend(IngestStream& stream);
  void take_back(const RawBlock& block);
  void on_block(IngestStream& stream);
  void on_partial(IngestStream& stream);
  // Whether the link would send this stream's bytes at once, so that a frame is worth more now than
  // when the block is full.
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
