// SPDX-License-Identifier: Apache-2.0
// The state directory keeps as of when our copies are, so that the next start of the node knows it.
#include "proxy/base/log.h"
#include "proxy/relay/node_impl.h"

namespace longthrow {

void NodeImpl::restore_copies() {
  copies_.saved = load_copies(config_.node.state_dir);
  for (auto& [name, link] : links_) link->copies().restore(copies_.saved);
  on_copies_timer();
}

void NodeImpl::on_copies_timer() {
  keep_copies();
  parts_.loop.arm(copies_.timer, parts_.loop.now() + kCopiesTick);
}

// Groups that are not configured now keep their entries.
void NodeImpl::keep_copies() {
  SavedCopies copies = copies_.saved;
  for (const auto& [name, link] : links_) link->copies().save(copies);
  if (copies == copies_.saved) return;
  if (auto saved = save_copies(config_.node.state_dir, copies); !saved) {
    if (!copies_.unsaved)
      log_warning("cannot save the `as of` times of the copies: {}", saved.error().message);
    copies_.unsaved = true;
    return;
  }
  copies_.unsaved = false;
  copies_.saved = std::move(copies);
}

}  // namespace longthrow
