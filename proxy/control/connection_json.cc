// SPDX-License-Identifier: Apache-2.0
#include "proxy/control/connection_json.h"

#include <array>
#include <filesystem>
#include <system_error>

#include "proxy/base/durable_file.h"
#include "proxy/base/log.h"

namespace longthrow::control {
namespace {

constexpr int kFileVersion = 1;

struct AddressRow {
  const char* key;
  Endpoint DrbdConnection::* member;
};
constexpr std::array kAddresses{
    AddressRow{"inside", &DrbdConnection::inside},
    AddressRow{"peer_outside", &DrbdConnection::peer_outside},
    AddressRow{"outside", &DrbdConnection::outside},
    AddressRow{"drbd", &DrbdConnection::drbd},
};
struct NumberRow {
  const char* key;
  std::optional<std::uint64_t> DrbdConnection::* member;
};
constexpr std::array kNumbers{
    NumberRow{"memlimit", &DrbdConnection::memlimit},
    NumberRow{"bandwidth_bytes_s", &DrbdConnection::bandwidth_bytes_s},
};

Result<DrbdConnections> from_text(const std::string& text) {
  json::error_code error;
  const json::value root = json::parse(text, error);
  const json::object* object = root.if_object();
  if (error || object == nullptr) return fail("it is not a JSON object");
  const json::value* version = object->if_contains("version");
  if (version == nullptr || !version->is_int64() || version->get_int64() != kFileVersion) {
    return fail(format("its version is not {}", kFileVersion));
  }
  const json::value* list = object->if_contains("connections");
  if (list == nullptr || !list->is_object()) return fail("its connections are missing");
  DrbdConnections connections;
  for (const auto& entry : list->get_object()) {
    const std::string name(entry.key());
    if (!is_connection_name(name) || !entry.value().is_object()) {
      return fail("one of its connections has no name");
    }
    auto connection = connection_from_json(entry.value().get_object());
    if (!connection) return fail(format("{}: {}", name, connection.error().message));
    connections.emplace(name, std::move(*connection));
  }
  return connections;
}

}  // namespace

json::object connection_to_json(const DrbdConnection& connection) {
  json::object out;
  for (const AddressRow& row : kAddresses) out[row.key] = to_string(connection.*row.member);
  for (const NumberRow& row : kNumbers) {
    if (connection.*row.member) out[row.key] = *(connection.*row.member);
  }
  json::array plugins;
  for (const std::string& plugin : connection.plugins) plugins.emplace_back(plugin);
  out["plugins"] = std::move(plugins);
  return out;
}

Result<DrbdConnection> connection_from_json(const json::object& object) {
  DrbdConnection connection;
  for (const AddressRow& row : kAddresses) {
    const json::value* text = object.if_contains(row.key);
    if (text == nullptr || !text->is_string()) return fail(format("\"{}\" is missing", row.key));
    const auto endpoint = parse_endpoint(std::string_view(text->get_string()));
    if (!endpoint) return fail(format("\"{}\": {}", row.key, endpoint.error().message));
    connection.*row.member = *endpoint;
  }
  for (const NumberRow& row : kNumbers) {
    const json::value* number = object.if_contains(row.key);
    if (number == nullptr) continue;
    json::error_code error;
    connection.*row.member = number->to_number<std::uint64_t>(error);
    if (error) return fail(format("\"{}\" is not a number", row.key));
  }
  const json::value* plugins = object.if_contains("plugins");
  if (plugins == nullptr) return connection;
  if (!plugins->is_array() || plugins->get_array().size() > kPluginsMax) {
    return fail("\"plugins\" is not a list");
  }
  for (const json::value& plugin : plugins->get_array()) {
    if (!plugin.is_string()) return fail("a plugin is not a text");
    connection.plugins.emplace_back(plugin.get_string());
  }
  return connection;
}

std::string connections_file(const std::string& state_dir) {
  return state_dir + "/connections.json";
}

Result<DrbdConnections> load_connections(const std::string& state_dir) {
  const std::string path = connections_file(state_dir);
  const auto text = read_whole_file(path);
  if (!text) return std::unexpected(text.error());
  if (std::error_code error; !std::filesystem::exists(path, error)) return DrbdConnections{};
  auto connections = from_text(*text);
  if (connections) return connections;
  return fail(
      format("{} cannot be understood: {}. `drbdadm proxy-up all` adds the connections again", path,
             text->empty() ? "it is empty" : connections.error().message));
}

Result<void> save_connections(const std::string& state_dir, const DrbdConnections& connections) {
  json::object list;
  for (const auto& [name, connection] : connections) list[name] = connection_to_json(connection);
  const json::object root{{"version", kFileVersion}, {"connections", std::move(list)}};
  if (auto made = make_folder(state_dir); !made) return made;
  return replace_file(connections_file(state_dir), json::serialize(root) + "\n", 0640);
}

}  // namespace longthrow::control
