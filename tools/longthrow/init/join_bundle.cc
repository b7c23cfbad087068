// SPDX-License-Identifier: Apache-2.0
#include "tools/longthrow/init/join_bundle.h"

#include "proxy/base/log.h"
#include "proxy/base/sealed_text.h"
#include "proxy/config/options.h"
#include "proxy/control/json.h"
#include "proxy/tls/key_file.h"
#include "tools/longthrow/init/site_files.h"
#include "tools/longthrow/json_fields.h"

namespace longthrow::cli {
namespace {

constexpr int kVersion = 1;
constexpr std::size_t kBundleBytesMax = 1024 * 1024;

std::string raw_text(const json::object& in, std::string_view key) {
  const json::value* value = in.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::unexpected<Error> foreign() {
  return fail("this is no file of `longthrow init`: take the one that ends in .join");
}

Result<void> check(const JoinBundle& bundle) {
  if (!is_config_name(bundle.node) || !is_config_name(bundle.peer)) return foreign();
  // So it never leads out of the folder.
  const std::string key_file = key_file_name({.name = bundle.node, .peer_name = bundle.peer});
  if (bundle.key_file != key_file || bundle.config.empty()) return foreign();
  const auto keys = parse_key_file(bundle.key, bundle.key_file);
  if (!keys) return std::unexpected(keys.error());
  return {};
}

}  // namespace

std::string bundle_text(const JoinBundle& bundle) {
  json::array software(bundle.software.begin(), bundle.software.end());
  const json::object object{{"longthrow_join", kVersion},  {"node", bundle.node},
                            {"peer", bundle.peer},         {"config", bundle.config},
                            {"key_file", bundle.key_file}, {"key", bundle.key},
                            {"firewall", bundle.firewall}, {"software", std::move(software)}};
  return sealed_text(
      format("# Longthrow: configuration and key of {}, for `longthrow init --join`. It holds a "
             "SECRET.\n{}\n",
             bundle.node, json::serialize(object)));
}

Result<JoinBundle> parse_bundle(std::string_view text) {
  if (text.size() > kBundleBytesMax || !text.starts_with("# Longthrow: configuration and key of "))
    return foreign();
  const auto lines = unsealed_text(text);
  if (!lines) return fail("the file is not whole, or was changed: carry it over again");
  const std::size_t begin = lines->find('\n');
  if (begin == std::string::npos) return foreign();
  boost::system::error_code failed;
  const json::value value = json::parse(std::string_view(*lines).substr(begin + 1), failed);
  if (failed || !value.is_object()) return foreign();
  const json::object& object = value.get_object();
  if (amount_at(object, "longthrow_join") != kVersion)
    return fail(
        "the file was made by another version of Longthrow: install the same at both sites");
  JoinBundle bundle{.node = raw_text(object, "node"),
                    .peer = raw_text(object, "peer"),
                    .config = raw_text(object, "config"),
                    .key_file = raw_text(object, "key_file"),
                    .key = raw_text(object, "key"),
                    .firewall = raw_text(object, "firewall"),
                    .software = {}};
  for (const json::value& entry : array_at(object, "software")) {
    if (entry.is_string()) bundle.software.emplace_back(entry.get_string());
  }
  if (auto good = check(bundle); !good) return std::unexpected(good.error());
  return bundle;
}

}  // namespace longthrow::cli
