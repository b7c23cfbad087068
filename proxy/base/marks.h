// SPDX-License-Identifier: Apache-2.0
// Rare branches, by the room in which each is. A batch of simulated runs that reaches one of them
// in no seed does not test it: `longthrow_sim --marks` counts the seeds, and `tools/dev test --all`
// asks that each mark was reached.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

// X(name, what happens)
#define LT_MARKS(X)                                                                               \
  /* buffer */                                                                                    \
  X(memory_given_back, "pages beyond the limit are given back to the system")                     \
  /* codec */                                                                                     \
  X(random_left_raw, "a frame is not compressed, for its stream was not to be compressed before") \
  /* session */                                                                                   \
  X(frame_lost, "a lane goes down with frames under way")                                         \
  X(lost_frame_acknowledged, "a frame that was lost with its lane had arrived all the same")      \
  X(gap_closed_above_a_gap, "a frame joins two ranges while one below is missing")                \
  X(frame_came_twice, "a frame comes that was received before")                                   \
  X(frame_of_gone_channel, "a frame comes of a channel that is forgotten")                        \
  X(corrupt_third_time,                                                                           \
    "a frame fails its checksum for the last time, and its channel is given up")                  \
  X(blank_came, "bytes come as a blank, for their stream was stopped")                            \
  X(discarded_while_pinned, "a stream is thrown away while the kernel reads its bytes")           \
  X(sent_frame_blanked, "a stop drops bytes that are under way")                                  \
  X(group_holds_too_much, "a group holds more of the receive share than its part")                \
  X(credit_recalled, "credit is asked back")                                                      \
  X(return_of_older_grant, "credit comes back of a grant that is no longer the last one")         \
  X(credit_short, "a group gets less credit than it should have")                                 \
  X(old_attempt_refused, "a dial comes that a later one has overtaken")                           \
  X(dials_cross, "both sides dial at once")                                                       \
  X(session_ended_here_alone, "the peer wants to resume a session that has ended here")           \
  X(routes_said_again, "the peer says its routes again in one session")                           \
  X(epoch_closed_by_size, "an epoch is closed where it is, for the peer could not hold more")     \
  X(cut_came_twice, "a cut is said again on a new lane")                                          \
  X(cut_proven, "a cut is proven at the source")                                                  \
  X(cut_was_refused, "bytes wait for a cut, for the session has refused the one that was taken")  \
  X(partial_epoch_dropped, "a session or a takeover ends in the midst of an epoch")               \
  X(cuts_thinned, "so many cuts wait that some are left out")                                     \
  X(checkpoint_done, "a checkpoint is reached, and its hook has ended well")                      \
  X(checkpoint_failed, "a checkpoint fails")                                                      \
  /* uplink */                                                                                    \
  X(peer_challenged, "another node says hello in the peer's name while the peer is there")        \
  X(challenger_wins, "the peer does not answer, and the other node is it")                        \
  X(peer_connects_anew, "the peer dials although its lane looks alive here")                      \
  X(bulk_lane_too_late, "a bulk lane comes whose express lane has gone")                          \
  X(knocked_again, "a connect without an answer is tried again beside the first")                 \
  X(nothing_passes, "lanes are up, and nothing passes")                                           \
  /* ingest */                                                                                    \
  X(no_slab_for_a_leg, "a leg may read, and no slab is free")                                     \
  X(starved_group_waits, "a leg waits, for its group has no credit and has had its part")         \
  X(lower_limit_reached, "a lower memlimit is reached step by step")                              \
  /* drbd */                                                                                      \
  X(pair_settled_again, "the meta stream of a pair ends, and another one is the right one")       \
  X(pair_ended_by_half, "one connection of a pair ends, and the other is to follow")              \
  X(ping_answered, "a ping is answered in the peer's stead")                                      \
  X(late_answer_left_out, "the peer's late answer to such a ping is left out")                    \
  /* groups */                                                                                    \
  X(group_fence_restored, "a start finds a group that was taken over")                            \
  X(link_fence_restored, "a start finds a link that was taken over")                              \
  X(pair_ends_in_drain, "a pair of DRBD ends before it has acknowledged what a drain waits for")  \
  /* losses */                                                                                    \
  X(process_was_killed, "a start finds that the process before was killed")                       \
  X(losses_joined, "a loss joins one that is not yet told")                                       \
  /* routes */                                                                                    \
  X(leg_waited_and_goes_on, "a connection that waited for the link goes on")                      \
  X(leg_ended_waiting, "a connection that waits is ended by its program")                         \
  X(trifle_made_good, "a small loss is made good by a whole channel")                             \
  /* legs */                                                                                      \
  X(write_failed, "a leg cannot be written to")                                                   \
  X(target_stuck, "a target takes nothing of what is left to hand over")                          \
  X(target_breaks_at_the_end, "a target breaks its connection when both ends are said")           \
  X(lingered_in_vain, "an abort has waited for its target as long as it may")                     \
  X(end_soon_waits, "the other connection of a pair gets more time, for it gets on")              \
  /* relay */                                                                                     \
  X(drain_in_vain, "a drain fails, or its time is over")                                          \
  X(drain_abandoned, "a drain is given up by whoever asked for it")                               \
  X(takeover_released_midway, "a takeover that still hands over is released")                     \
  X(takeover_joined, "a takeover is asked for while it is under way")                             \
  X(ended_before_its_leg, "a session ends between the opening of a channel and its leg")          \
  X(given_after_the_end, "a program gives bytes after its stream was given up")                   \
  X(port_in_use, "a route's port is not to be had yet")                                           \
  X(opened_though_closed, "the peer opens a channel of a route that is closed here meanwhile")    \
  X(copy_restored, "a start knows how old its copy is")

namespace longthrow {

#define LT_MARK(name, about) name,
enum class Mark : std::uint8_t { LT_MARKS(LT_MARK) };
#undef LT_MARK

#define LT_MARK_NAME(name, about) std::string_view(#name),
// In the order of the marks.
inline constexpr std::array kMarkNames = {LT_MARKS(LT_MARK_NAME)};
#undef LT_MARK_NAME

inline std::array<std::atomic<bool>, kMarkNames.size()> reached_marks{};

// One store of a byte, by any thread. Not for what happens to every frame.
inline void note_reached(Mark mark) noexcept {
  reached_marks[static_cast<std::size_t>(mark)].store(true, std::memory_order_relaxed);
}

}  // namespace longthrow
