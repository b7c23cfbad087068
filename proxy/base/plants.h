// SPDX-License-Identifier: Apache-2.0
// The bugs that can be planted, by the room in which each is. A reasonable one that nothing finds
// is worth a scene or a checker.
#pragma once

// X(name, scenes, what is wrong). `scenes` is the gtest filter of those of sim_pair_test that find
// it; "": seeds of longthrow_sim do. If these do not, all others are tried.
#define LT_PLANTS(X)                                                                               \
  X(none, "", "nothing")                                                                           \
  /* base */                                                                                       \
  X(file_left_beside, "PairAnswers.ANodeWhose*", "a file that is to be replaced stays as it was")  \
  X(append_from_begin, "PairLosses.OfANode*",                                                      \
    "what is appended to a file replaces what was in it")                                          \
  X(flaps_fill_log, "PairUpkeep.ALinkThatFlaps*",                                                  \
    "each time that a link goes down and comes up is logged")                                      \
  /* buffer */                                                                                     \
  X(block_given_twice, "PairEnds.AReset*",                                                         \
    "what a frame is moved to and what it was in both give its memory back")                       \
  X(slab_leaks, "PairEnds.AReset*", "a slab is not given back when another takes its place")       \
  /* codec */                                                                                      \
  X(last_byte_left_off, "", "what was compressed lacks its last byte")                             \
  /* wire */                                                                                       \
  X(pieces_overwrite, "", "what comes of a record in pieces overwrites the piece before")          \
  /* session */                                                                                    \
  X(forget_lost_frames, "", "what was under way on a lane that went down is not sent again")       \
  X(end_before_bytes, "", "a clean end is passed on although bytes before it are missing")         \
  X(abort_as_fin, "", "an abort is passed on as a clean end")                                      \
  X(keep_credit, "PairCredit.Bytes*", "bytes that were thrown away never give their credit back")  \
  X(accept_duplicates, "", "a frame number that was received before is taken again")               \
  X(as_of_early, "PairAnswers.AsOf*", "a copy is as new as marks whose bytes are still missing")   \
  X(credit_given_twice, "PairCredit.BytesThat*",                                                   \
    "what is thrown away gives its credit back twice")                                             \
  X(resent_is_new, "", "a frame that is sent again is charged to the credit again")                \
  X(end_twice, "", "an end is queued although the stream has one")                                 \
  X(delivered_not_repeated, "PairCommands.ADrainHears*",                                           \
    "what is delivered is not said again on a new lane")                                           \
  X(final_mark_forgotten, "PairEnds.What*", "the last word on what is delivered is not sent")      \
  X(unready_peer, "PairEnds.ANewSessions*",                                                        \
    "a route opens although the peer still ends streams of the last session")                      \
  X(corrupt_for_ever, "PairDamage.OfAFrame*", "a frame that always fails is tried for ever")       \
  X(observed_called_proven, "PairEpochs.*", "an observed cut is proven at the source")             \
  X(checkpoint_passed, "PairCheckpoints.*", "bytes behind a checkpoint are handed over at once")   \
  X(frozen_without_rest, "PairCheckpoints.*", "a frozen source is not watched for a while")        \
  X(checkpoint_too_early, "PairCheckpoints.*", "a hook runs before the targets have taken all")    \
  X(partial_epoch_released, "PairEpochs.*", "half an epoch is handed over")                        \
  X(forced_cut_called_proven, "PairEpochs.*", "a cut that an epoch's size forced is proven")       \
  X(held_bytes_count, "PairEpochs.*", "bytes that wait for a cut make a copy new")                 \
  X(epoch_without_bound, "PairEpochs.*", "an epoch has no limit")                                  \
  /* uplink */                                                                                     \
  X(fence_lets_in, "PairAnswers.AFenced*", "a fenced side accepts its peer")                       \
  /* ingest */                                                                                     \
  X(starved_leg_forgotten, "PairCredit.*", "a leg whose group may not grow is never asked again")  \
  X(partial_waits, "", "a block that is not full waits for more bytes")                            \
  /* guides */                                                                                     \
  X(plain_seems_encrypted, "PairUpkeep.Streams*",                                                  \
    "bytes that look like no protocol are called encrypted")                                       \
  /* drbd */                                                                                       \
  X(held_end_let_go, "DrbdEnds.TheMeta*",                                                          \
    "the meta stream's end does not wait for the data stream")                                     \
  X(late_answer_passed_on, "DrbdPair.Outlives*",                                                   \
    "a ping that was answered here is answered by the peer as well")                               \
  X(barrier_taken_early, "DrbdPair.IsDrained*",                                                    \
    "a barrier counts as applied before it is acknowledged")                                       \
  X(old_pair_let_in, "DrbdEnds.ANewPair*", "a new pair begins while the old one ends")             \
  /* groups */                                                                                     \
  X(group_fence_unsaved, "PairCommands.AGroup*",                                                   \
    "the fence of a group is not written to the disk")                                             \
  X(drain_forgets_lost, "PairCommands.ADrainFails*",                                               \
    "a drain does not hear of what is lost meanwhile")                                             \
  /* losses */                                                                                     \
  X(loss_unwritten, "PairLosses.OfANode*", "a loss is told and not written to the disk")           \
  X(failed_write_dropped, "PairUpkeep.Losses*",                                                    \
    "losses that could not be written are not tried again")                                        \
  X(kill_unnoticed, "PairLosses.OfAPeerThatWasKilled",                                             \
    "a start does not say that the process before was killed")                                     \
  /* routes */                                                                                     \
  X(old_channel_heals, "PairCommands.AnOlder*",                                                    \
    "a loss counts as made good by a channel that began before it")                                \
  X(waiting_bytes_hidden, "WhenLinkIsDown.*", "what connections that wait have given is not lag")  \
  X(late_leg_waits_on, "WhenLinkIsDown.NoneWaits*", "a connection waits for the link for ever")    \
  /* legs */                                                                                       \
  X(abort_at_once, "PairEnds.AResetComes*",                                                        \
    "an abort does not wait until the target's TCP has everything")                                \
  X(drop_unframed, "PairEnds.AResetComes*",                                                        \
    "a source's reset drops what was read and is in no frame")                                     \
  X(drop_held_bytes, "PairEnds.TheEndOf*",                                                         \
    "the end of a session drops what was received and not handed over")                            \
  X(write_failure_aborts, "PairLosses.OfATargetThatResets",                                        \
    "a leg that cannot be written to is not read to its end")                                      \
  X(delivered_early, "PairAnswers.ADrainEnds*", "delivered is what the leg's kernel was given")    \
  X(lag_without_unread, "PairAnswers.LagCounts*", "lag leaves out what no leg has read")           \
  X(session_end_is_clean, "PairEnds.TheEndOf*", "the end of a session is a clean end at its legs") \
  X(takeover_drops_held, "PairCommands.ATakeover*",                                                \
    "a takeover hands over nothing of what is here")                                               \
  X(linger_without_end, "PairEnds.AnAbortLing*",                                                   \
    "an abort waits for ever for a target that takes nothing")                                     \
  /* relay */                                                                                      \
  X(forget_losses, "PairAnswers.AStream*",                                                         \
    "a stream that was cut off leaves its group consistent")                                       \
  X(drain_at_once, "PairAnswers.ADrainEnds*", "a drain waits for nothing")                         \
  X(routes_open_early, "PairEnds.ANewSessions*",                                                   \
    "a route opens although streams of the last session have not ended")                           \
  X(hold_lets_in, "PairCommands.AHeld*", "a route of a group that is held takes new connections")  \
  X(drain_without_end, "PairCommands.ADrainThat*", "a drain goes on beyond its time")              \
  X(takeover_answers_at_once, "PairLosses.OfATakeover*",                                           \
    "a takeover says that all is handed over when it begins")                                      \
  X(removed_backlog_forgotten, "PairAnswers.PauseWith*",                                           \
    "a drain of the link leaves out routes that were removed")                                     \
  X(lag_without_epochs, "PairEpochs.*", "the lag leaves out epochs that are not whole")            \
  X(lost_route_keeps_age, "PairLosses.HoldBack*",                                                  \
    "a copy is as new as its newest stream although another was lost")                             \
  X(ping_answered_in_peace, "DrbdPair.Outlives*", "pings are answered though the link is up")      \
  X(loss_told_twice, "PairLosses.OfATakeover*:PairLosses.OfATargetThatResets",                     \
    "what a target did not take is told each time that it is looked at")                           \
  X(paused_lets_in, "PairCommands.ASide*", "a paused side accepts its peer")                       \
  X(shortfall_stays, "PairCommands.ADrainSucc*",                                                   \
    "what a group lacked is lacking although newer channels caught up")                            \
  X(gone_before_last_word, "PairEnds.What*",                                                       \
    "a channel is forgotten before the peer says what it delivered")
