// SPDX-License-Identifier: Apache-2.0
#include "proxy/control/request.h"

#include <algorithm>
#include <array>
#include <utility>

#include "proxy/base/log.h"
#include "proxy/config/options.h"
#include "proxy/config/units.h"
#include "proxy/control/request_history.h"
#include "proxy/control/request_reader.h"

namespace longthrow::control {
namespace {

using Reader = RequestReader;

Request read_status(Reader&) { return StatusRequest{}; }
Request read_reload(Reader& in) { return ReloadRequest{.dry_run = in.flag("dry_run")}; }
Request read_restart_check(Reader&) { return NodeRequest{.command = RestartCheck{}}; }
Request read_ping(Reader& in) { return NodeRequest{.command = Ping{in.required_text("link")}}; }
Request read_resume(Reader& in) { return NodeRequest{.command = Resume{in.required_text("name")}}; }
Request read_release(Reader& in) {
  return NodeRequest{.command = Release{in.required_text("name")}};
}
Request read_accept_consistent(Reader& in) {
  return NodeRequest{.command = AcceptConsistent{in.required_text("group")}};
}
Request read_takeover(Reader& in) {
  return NodeRequest{.command =
                         Takeover{.name = in.required_text("name"), .force = in.flag("force")}};
}
Request read_pause(Reader& in) {
  return NodeRequest{.command = Pause{.link = in.required_text("link"), .drain = in.flag("drain")}};
}
Request read_drain(Reader& in) {
  return NodeRequest{.command = Drain{.group = in.required_text("group"),
                                      .timeout = in.optional_duration("timeout"),
                                      .hold = in.flag("hold")}};
}

Request read_checkpoint(Reader& in) {
  MakeCheckpoint make{.group = in.required_text("group"),
                      .frozen = in.flag("frozen"),
                      .wait = in.flag("wait"),
                      .timeout = in.optional_duration("timeout")};
  if (in.has("name")) make.name = in.required_text("name");
  return NodeRequest{.command = std::move(make)};
}
Request read_checkpoints(Reader& in) {
  ListCheckpoints list;
  if (in.has("group")) list.group = in.required_text("group");
  return NodeRequest{.command = std::move(list)};
}

// Parsed as in the file, with its bounds: 1 bit a second would be rounded to 0, "unlimited".
Result<std::uint64_t> read_bandwidth(const std::string& text) {
  const Option& option = *find_option(Section::link, "bandwidth");
  LinkConfig link;
  if (auto set = option.assign(option, &link, Value{.data = text}); !set) {
    return std::unexpected(set.error());
  }
  return link.bandwidth_bytes_s;
}

Request read_set(Reader& in) {
  NodeRequest out;
  const std::string link = in.required_text("link");
  const std::string setting = in.required_text("setting");
  out.value_text = in.required_text("value");
  out.save = in.flag("save");
  if (setting == "memlimit") {
    const std::uint64_t bytes = in.keep("value", parse_size(out.value_text));
    if (bytes < kMemlimitMin) in.note("\"value\": memlimit must be at least 16MiB");
    out.command = SetMemlimit{link, bytes};
  } else if (setting == "compression") {
    out.command = SetCompression{link, in.keep("value", parse_compression(out.value_text))};
  } else if (setting == "bandwidth") {
    out.command = SetBandwidth{link, in.keep("value", read_bandwidth(out.value_text))};
  } else {
    in.note(format("\"setting\" must be memlimit, compression or bandwidth, not \"{}\"",
                   setting.substr(0, 40)));
  }
  return out;
}

Request read_trace(Reader&) { return TraceRequest{}; }
Request read_connections(Reader&) { return ConnectionsRequest{}; }
Request read_delete_connection(Reader& in) {
  return ConnectionChange{DeleteConnection{in.required_text("name")}};
}
Request read_add_connection(Reader& in) {
  AddConnection add{.name = in.required_text("name")};
  add.connection.inside = in.keep("inside", parse_endpoint(in.required_text("inside")));
  add.connection.peer_outside =
      in.keep("peer_outside", parse_endpoint(in.required_text("peer_outside")));
  add.connection.outside = in.keep("outside", parse_endpoint(in.required_text("outside")));
  add.connection.drbd = in.keep("drbd", parse_endpoint(in.required_text("drbd")));
  if (in.has("memlimit")) add.connection.memlimit = in.index("memlimit");
  if (in.has("bandwidth_bytes_s")) {
    add.connection.bandwidth_bytes_s = in.index("bandwidth_bytes_s");
  }
  return ConnectionChange{std::move(add)};
}
Request read_set_connection(Reader& in) {
  SetConnection set{.name = in.required_text("name")};
  if (in.has("memlimit")) set.memlimit = in.index("memlimit");
  if (in.has("bandwidth_bytes_s")) set.bandwidth_bytes_s = in.index("bandwidth_bytes_s");
  return ConnectionChange{std::move(set)};
}
Request read_set_plugin(Reader& in) {
  SetPlugin set{.name = in.required_text("name"), .index = in.index("index")};
  if (in.has("plugin")) set.plugin = in.required_text("plugin");
  return ConnectionChange{std::move(set)};
}

struct CommandRow {
  std::string_view name;
  Request (*read)(Reader&);
};
constexpr std::array kCommands{
    CommandRow{"status", read_status},
    CommandRow{"set", read_set},
    CommandRow{"drain", read_drain},
    CommandRow{"pause", read_pause},
    CommandRow{"resume", read_resume},
    CommandRow{"takeover", read_takeover},
    CommandRow{"release", read_release},
    CommandRow{"accept-consistent", read_accept_consistent},
    CommandRow{"checkpoint", read_checkpoint},
    CommandRow{"checkpoints", read_checkpoints},
    CommandRow{"ping", read_ping},
    CommandRow{"reload", read_reload},
    CommandRow{"restart-check", read_restart_check},
    CommandRow{"losses", read_losses},
    CommandRow{"events", read_events},
    CommandRow{"trace", read_trace},
    CommandRow{"connections", read_connections},
    CommandRow{"add-connection", read_add_connection},
    CommandRow{"delete-connection", read_delete_connection},
    CommandRow{"set-connection", read_set_connection},
    CommandRow{"set-plugin", read_set_plugin},
};

std::string command_names() {
  std::string names;
  for (const CommandRow& row : kCommands) {
    if (!names.empty()) names += ", ";
    names += row.name;
  }
  return names;
}

}  // namespace

Result<Request> parse_request(const json::object& request) {
  const json::value* name = request.if_contains("command");
  if (name == nullptr || !name->is_string()) {
    return fail(R"("command" is missing: a request looks like {"command":"status"})");
  }
  const std::string_view wanted = name->get_string();
  const auto row = std::ranges::find(kCommands, wanted, &CommandRow::name);
  if (row == kCommands.end()) {
    return fail(
        format("there is no command \"{}\"; there are {}", wanted.substr(0, 40), command_names()));
  }
  Reader reader(request);
  Request result = row->read(reader);
  if (const auto mistake = reader.mistake()) return fail(format("{}: {}", wanted, *mistake));
  return result;
}

Result<Request> parse_request_line(std::string_view line) {
  json::error_code error;
  json::parse_options options;
  options.max_depth = 4;
  const json::value value = json::parse(line, error, {}, options);
  if (error) return fail("a request is one line of JSON: " + error.message());
  if (!value.is_object()) {
    return fail(R"(a request is a JSON object, like {"command":"status"})");
  }
  return parse_request(value.get_object());
}

bool is_long(const Command& command) {
  if (const auto* pause = std::get_if<Pause>(&command)) return pause->drain;
  return std::holds_alternative<Drain>(command) || std::holds_alternative<Takeover>(command) ||
         std::holds_alternative<MakeCheckpoint>(command);
}

}  // namespace longthrow::control
