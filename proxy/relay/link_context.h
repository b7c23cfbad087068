// SPDX-License-Identifier: Apache-2.0
// What all links of a node share.
#pragma once

#include <functional>
#include <string>

#include "longthrow/node.h"
#include "proxy/base/closing_list.h"
#include "proxy/groups/checkpoint_book.h"
#include "proxy/ingest/frame_job.h"
#include "proxy/losses/loss_ledger.h"
#include "proxy/session/peering.h"

namespace longthrow {

// The checkpoints that the node knows; they are kept in the state directory.
struct KnownCheckpoints {
  CheckpointBook book{};
  std::function<void()> on_change;  // keeps them; a task may have its next step
  std::string not_kept{};           // why they could not be kept the last time
};

// Outlives the links.
struct LinkContext {
  NodeParts parts;
  std::string node;
  Incarnation incarnation;
  ClosingList& closing_list;
  FrameJobs& jobs;
  ByteSpan garbage;
  LossLedger& losses;
  KnownCheckpoints& checkpoints;
};

}  // namespace longthrow
