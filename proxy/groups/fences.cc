// SPDX-License-Identifier: Apache-2.0
#include "proxy/groups/fences.h"

#include <cstring>
#include <sstream>
#include <utility>

#include "proxy/base/durable_file.h"
#include "proxy/base/foreign_text.h"
#include "proxy/base/log.h"
#include "proxy/base/marks.h"
#include "proxy/base/planted.h"
#include "proxy/base/sealed_text.h"

namespace longthrow {
namespace {

// The last word of a line.
constexpr std::string_view kUnsure = "unsure";

}  // namespace

std::string fences_file(const std::string& state_dir) { return state_dir + "/fences"; }

Fences fence_all(const std::set<std::string>& links, std::int64_t since_s) {
  Fences fences{.links = links, .unsure_links = links};
  for (const std::string& link : links) fences.links_since_s[link] = since_s;
  return fences;
}

Result<Fences> load_fences(const std::string& state_dir) {
  Fences fences;
  const std::string path = fences_file(state_dir);
  const auto read = read_sealed_file(path);
  // In a damaged one a fence may be missing, or stand where it does not belong.
  if (!read && read.error().code == ErrorCode::damaged_file) return std::unexpected(read.error());
  if (!read) {
    const int why = read.error().os_errno;
    return fail(format("cannot read {}, which says what was taken over: make it readable ({})",
                       path, std::strerror(why)),
                why);
  }
  if (!*read) return fences;
  std::istringstream lines(**read);
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string kind;
    std::string name;
    if (!(words >> kind)) continue;
    if (!(words >> name) || (kind != "link" && kind != "group")) {
      return fail(ErrorCode::damaged_file,
                  format("{} is damaged: cannot understand \"{}\"", path, one_line(line)));
    }
    (kind == "link" ? fences.links : fences.groups).insert(name);
    if (std::int64_t since_s = 0; words >> since_s) {
      (kind == "link" ? fences.links_since_s : fences.groups_since_s)[name] = since_s;
    }
    if (std::string word; kind == "link" && words >> word && word == kUnsure)
      fences.unsure_links.insert(name);
  }
  if (!fences.groups.empty()) note_reached(Mark::group_fence_restored);
  if (!fences.links.empty()) note_reached(Mark::link_fence_restored);
  return fences;
}

Result<void> save_fences(const std::string& state_dir, const Fences& fences) {
  if (auto made = make_folder(state_dir); !made) return made;
  std::string text;
  const auto put = [&](std::string_view kind, const std::set<std::string>& names,
                       const std::map<std::string, std::int64_t>& since_s) {
    for (const std::string& name : names) {
      const auto since = since_s.find(name);
      text += format("{} {}", kind, name);
      if (since != since_s.end()) text += format(" {}", since->second);
      if (kind == "link" && since != since_s.end() && fences.unsure_links.contains(name))
        text += format(" {}", kUnsure);
      text += '\n';
    }
  };
  put("link", fences.links, fences.links_since_s);
  if (!planted(Plant::group_fence_unsaved)) put("group", fences.groups, fences.groups_since_s);
  return replace_file(fences_file(state_dir), sealed_text(std::move(text)), 0640);
}

}  // namespace longthrow
