// SPDX-License-Identifier: Apache-2.0
// What was taken over stays fenced, also after a restart: a small file in the node's state
// directory.
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
  // Since when, in seconds since 1970, where it is known.
  std::map<std::string, std::int64_t> links_since_s;
  std::map<std::string, std::int64_t> groups_since_s;
  // Fenced by nobody's word: the record of takeovers was damaged, and they may be in it.
  std::set<std::string> unsure_links;
};

// `links` start fenced, because what was taken over is not known any more.
[[nodiscard]] Fences fence_all(const std::set<std::string>& links, std::int64_t since_s);
[[nodiscard]] std::string fences_file(const std::string& state_dir);

// A missing file is no fences. An unreadable one is an error, with its errno; so is a damaged one,
// without: starting without fences could let an old primary write into an activated copy.
[[nodiscard]] Result<Fences> load_fences(const std::string& state_dir);
// Replaces the file atomically and durably.
[[nodiscard]] Result<void> save_fences(const std::string& state_dir, const Fences& fences);

}  // namespace longthrow
