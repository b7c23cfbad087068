// SPDX-License-Identifier: Apache-2.0
// A value that the reader understood is written again as it was; one that it did not, is not.
#include "tools/check_longthrow/expected.h"

#include <span>
#include <string_view>

#include "proxy/control/status_json.h"
#include "tools/longthrow/human.h"

namespace longthrow::check {
namespace {

constexpr std::string_view kNodeKeys[]{"stopping", "losses.since", "losses.losses", "losses.bytes",
                                       "losses.not_kept"};
constexpr std::string_view kLinkKeys[]{
    "state",       "reason",    "notices",     "buffer.used_bytes", "buffer.limit_bytes",
    "buffer.full", "lag.bytes", "lag.seconds", "warnings"};
constexpr std::string_view kGroupKeys[]{"link", "consistent", "reason", "notices", "inbound.age_s"};
constexpr std::string_view kRouteKeys[]{"link", "group", "state", "reason"};

// Null: there is none.
const json::value* value_at(const json::object& in, std::string_view key) {
  const auto dot = key.find('.');
  const json::value* value = in.if_contains(key.substr(0, dot));
  if (dot == std::string_view::npos || value == nullptr) return value;
  return value->is_object() ? value->get_object().if_contains(key.substr(dot + 1)) : nullptr;
}

bool same(const json::value& a, const json::value& b) {
  if (a.is_number() && b.is_number()) return a.to_number<double>() == b.to_number<double>();
  return a == b;
}

class Comparison {
 public:
  Comparison(const json::object& given, const json::object& understood)
      : given_(given), understood_(understood) {}

  void keys_of(const std::string& path, const json::object& given, const json::object& understood,
               std::span<const std::string_view> keys) {
    for (const std::string_view key : keys) {
      const json::value* value = value_at(given, key);
      const json::value* again = value_at(understood, key);
      if (value == nullptr || again == nullptr || !same(*value, *again))
        found_.push_back(cli::printable(path + std::string(key)));
    }
  }
  void node() { keys_of("", given_, understood_, kNodeKeys); }
  // The objects of one map of the status: links, groups or routes.
  void each(const std::string& map, std::span<const std::string_view> keys) {
    const json::value* given = given_.if_contains(map);
    if (given == nullptr || !given->is_object()) return found_.push_back(map);
    const json::object& understood = understood_.at(map).as_object();
    for (const auto& entry : given->get_object()) {
      const std::string path = map + "." + std::string(entry.key()) + ".";
      const json::value* again = understood.if_contains(entry.key());
      if (!entry.value().is_object() || again == nullptr) {
        found_.push_back(cli::printable(path.substr(0, path.size() - 1)));
      } else {
        keys_of(path, entry.value().get_object(), again->as_object(), keys);
      }
    }
  }
  // Each group is on a link that the status has.
  void links_of_groups() {
    const json::object& links = understood_.at("links").as_object();
    for (const auto& entry : understood_.at("groups").as_object()) {
      if (!links.contains(entry.value().as_object().at("link").as_string()))
        found_.push_back(cli::printable("links, the one of group " + std::string(entry.key())));
    }
  }
  [[nodiscard]] std::vector<std::string> take() { return std::move(found_); }

 private:
  const json::object& given_;
  const json::object& understood_;
  std::vector<std::string> found_;
};

}  // namespace

std::vector<std::string> unexpected(const json::object& status) {
  const json::object understood = control::status_to_json(control::status_from_json(status));
  Comparison comparison(status, understood);
  comparison.node();
  comparison.each("links", kLinkKeys);
  comparison.each("groups", kGroupKeys);
  comparison.each("routes", kRouteKeys);
  comparison.links_of_groups();
  return comparison.take();
}

}  // namespace longthrow::check
