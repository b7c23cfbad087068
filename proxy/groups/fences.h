// SPDX-License-Identifier: Apache-2.0
// Keeps the fences of takeovers over restarts, in a small file of the node's state directory.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "longthrow/error.h"

namespace longthrow {

struct Fences {
  std::set<std::string> links;
  std::set<std::string> groups;
  // When each was fenced, in seconds since 1970, if it is known.
  std::map<std::string, std::int64_t> links_since_s;
  std::map<std::string, std::int64_t> groups_since_s;
  // No takeover is known for these links: the record of takeovers was damaged, and may have named
  // them.
  std::set<std::string> unsure_links;
};

// All `links` are fenced, because the record of takeovers is lost.
[[nodiscard]] Fences fence_all(const std::set<std::string>& links, std::int64_t since_s);
[[nodiscard]] std::string fences_file(const std::string& state_dir);

// A missing file means that there are no fences. An unreadable file is an error with an errno; a
// damaged one is an error without. The caller must not start without fences then: an old primary
// could write into an activated copy.
[[nodiscard]] Result<Fences> load_fences(const std::string& state_dir);
// Replaces the file atomically and durably.
[[nodiscard]] Result<void> save_fences(const std::string& state_dir, const Fences& fences);

}  // namespace longthrow
