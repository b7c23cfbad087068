// SPDX-License-Identifier: Apache-2.0
// As of when our copies are outlives the node.
#include "proxy/base/log.h"
#include "proxy/relay/node_impl.h"

namespace longthrow {

void NodeImpl::restore_copies() {
  saved_copies_ = load_copies(config_.node.state_dir);
  for (auto& [name, link] : links_) link->copies().restore(saved_copies_);
  on_copies_timer();
}

void NodeImpl::on_copies_timer() {
  keep_copies();
  parts_.loop.arm(copies_timer_, parts_.loop.now() + kCopiesTick);
}

// Groups that are not configured now keep what is known of them.
void NodeImpl::keep_copies() {
  SavedCopies copies = saved_copies_;
  for (const auto& [name, link] : links_) link->copies().save(copies);
  if (copies == saved_copies_) return;
  if (auto saved = save_copies(config_.node.state_dir, copies); !saved) {
    if (!copies_unsaved_)
      log_warning("as of when the copies are is not kept: {}", saved.error().message);
    copies_unsaved_ = true;
    return;
  }
  copies_unsaved_ = false;
  saved_copies_ = std::move(copies);
}

}  // namespace longthrow
