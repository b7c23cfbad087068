// SPDX-License-Identifier: Apache-2.0
// The fences of takeovers before this start of the node.
#include <cerrno>

#include "proxy/base/log.h"
#include "proxy/base/state_folder.h"
#include "proxy/relay/node_impl.h"

namespace longthrow {

// Without the record of takeovers all links start fenced. A needless fence costs a command; a
// missing one lets an old primary write into an activated copy, which destroys the copy.
void NodeImpl::restore_fences() {
  const std::string& state_dir = config_.node.state_dir;
  auto known = load_fences(state_dir);
  if (known) {
    fences_ = std::move(*known);
    return;
  }
  std::set<std::string> names;
  for (const auto& [name, link] : config_.links) names.insert(name);
  const auto now = parts_.loop.wall_now().time_since_epoch();
  fences_ = fence_all(names, std::chrono::floor<std::chrono::seconds>(now).count());
  std::string said = known.error().message;
  // A file that is not damaged, only unreadable now, may be whole: it is left alone.
  const bool damaged = known.error().code == ErrorCode::damaged_file;
  if (damaged) {
    if (const auto aside = set_aside(fences_file(state_dir)); aside)
      said += format(". It was renamed to {}", *aside);
    if (const auto saved = save_fences(state_dir, fences_); !saved)
      said += format("; the fences are not kept: {}", saved.error().message);
  }
  log_error(
      "{}. This node does not know which takeovers there were, so all links start fenced: run "
      "`longthrow release LINK` for each link that was not taken over at this site",
      said);
}

void NodeImpl::fence_as_before(Link& link, const std::string& name) {
  const auto since = fences_.links_since_s.find(name);
  if (since != fences_.links_since_s.end()) {
    link.stops().put_fence_of(nullptr, WallTime(std::chrono::seconds(since->second)),
                              fences_.unsure_links.contains(name)
                                  ? "a start whose record of takeovers was damaged"
                                  : format("`longthrow takeover {}`", name));
  }
  link.fence();
}

}  // namespace longthrow
