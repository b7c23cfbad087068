// SPDX-License-Identifier: Apache-2.0
// What all links of a node share.
#pragma once

#include <string>

#include "longthrow/node.h"
#include "proxy/base/closing_list.h"
#include "proxy/ingest/frame_job.h"
#include "proxy/losses/loss_ledger.h"

namespace longthrow {

// Outlives the links.
struct LinkContext {
  NodeParts parts;
  std::string node;
  Incarnation incarnation;
  ClosingList& closing_list;
  FrameJobs& jobs;
  ByteSpan garbage;
  LossLedger& losses;
};

}  // namespace longthrow
