// SPDX-License-Identifier: Apache-2.0
#include "proxy/control/command_service.h"

#include <array>
#include <memory>
#include <utility>

#include "proxy/base/log.h"
#include "proxy/control/answer_json.h"
#include "proxy/control/connection_json.h"
#include "proxy/control/status_json.h"

namespace longthrow::control {
namespace {

struct SetTarget {
  std::string link;
  std::string setting;
};

std::optional<SetTarget> set_target(const Command& command) {
  if (const auto* set = std::get_if<SetMemlimit>(&command)) return {{set->link, "memlimit"}};
  if (const auto* set = std::get_if<SetCompression>(&command)) return {{set->link, "compression"}};
  if (const auto* set = std::get_if<SetBandwidth>(&command)) return {{set->link, "bandwidth"}};
  return std::nullopt;
}

void store_in(Config& config, const Command& command) {
  const auto target = set_target(command);
  const auto found = config.links.find(target->link);
  if (found == config.links.end()) return;
  if (const auto* set = std::get_if<SetMemlimit>(&command)) found->second.memlimit = set->bytes;
  if (const auto* set = std::get_if<SetCompression>(&command)) {
    found->second.compression = set->setting;
  }
  if (const auto* set = std::get_if<SetBandwidth>(&command)) {
    found->second.bandwidth_bytes_s = set->bytes_s;
  }
}

}  // namespace

void CommandService::status(std::function<void(Result<Status>)> handler) {
  gateway_.status([this, handler = std::move(handler)](Result<NodeGateway::StatusPtr> result) {
    if (!result) return handler(std::unexpected(result.error()));
    Status status = **result;
    forget_saved_differences(status, reloader_.file_config());
    reloader_.fill_status(status);
    if (hooks_.restart_pending) status.restart_pending = hooks_.restart_pending();
    handler(std::move(status));
  });
}

CommandService::Started CommandService::handle(std::string_view request_line, Reply reply) {
  Result<Request> request = parse_request_line(request_line);
  if (!request) {
    reply(error_to_json("usage", request.error().message));
    return {};
  }
  if (std::holds_alternative<StatusRequest>(*request)) {
    status([reply](Result<Status> result) {
      if (!result) return reply(error_to_json("timeout", result.error().message));
      json::object answer = answer_to_json(Answer{});
      answer["status"] = status_to_json(*result);
      reply(std::move(answer));
    });
    return {};
  }
  if (const auto* reload = std::get_if<ReloadRequest>(&*request)) {
    reloader_.reload(*reload, reply);
    return {};
  }
  if (const auto* events = std::get_if<EventsRequest>(&*request)) {
    reply(hooks_.events ? hooks_.events(*events)
                        : error_to_json("failed", "this node keeps no history of events"));
    return {};
  }
  if (std::holds_alternative<TraceRequest>(*request)) {
    if (hooks_.trace) {
      hooks_.trace(std::move(reply));
    } else {
      reply(error_to_json("failed", "this node keeps no trace"));
    }
    return {};
  }
  if (std::holds_alternative<ConnectionsRequest>(*request)) {
    reply(connections());
    return {};
  }
  if (auto* change = std::get_if<ConnectionChange>(&*request)) {
    reloader_.change(std::move(*change), reply);
    return {};
  }
  return execute(std::get<NodeRequest>(std::move(*request)), std::move(reply));
}

json::object CommandService::connections() const {
  static constexpr auto kKinds = std::to_array<const char*>({"own", "shared", "adopted"});
  json::object list;
  for (const auto& [name, connection] : reloader_.connections()) {
    const ConnectionPlace place = place_of(reloader_.file_config(), name, connection);
    json::object row = connection_to_json(connection);
    row["place"] = kKinds[static_cast<std::size_t>(place.kind)];
    row["link"] = place.link;
    row["route"] = place.route;
    list[name] = std::move(row);
  }
  json::object answer = answer_to_json(Answer{});
  answer["connections"] = std::move(list);
  return answer;
}

CommandService::Started CommandService::execute(NodeRequest request, Reply reply) {
  if (std::holds_alternative<SetMemlimit>(request.command)) {
    set_memlimit(std::move(request), std::move(reply));
    return {};
  }
  return pass_on(std::move(request), std::move(reply));
}

// The check takes the running memlimits of the other links, by `set` or from the files.
void CommandService::set_memlimit(NodeRequest request, Reply reply) {
  gateway_.status([this, request = std::move(request),
                   reply = std::move(reply)](const Result<NodeGateway::StatusPtr>& status) mutable {
    if (!status) return reply(error_to_json("timeout", status.error().message));
    const auto& set = std::get<SetMemlimit>(request.command);
    std::map<std::string, std::uint64_t> running;
    for (const auto& [name, link] : (*status)->links) running[name] = link.buffer.limit_bytes;
    running[set.link] = set.bytes;
    if (const auto now = reloader_.allows(running); !now) {
      return reply(error_to_json("failed", "nothing was changed: " + now.error().message));
    }
    if (const auto later = reloader_.allows({{set.link, set.bytes}}); request.save && !later) {
      return reply(error_to_json("failed",
                                 "nothing was changed, since the node could not start "
                                 "with the files as they would be: " +
                                     later.error().message));
    }
    (void)pass_on(std::move(request), std::move(reply));
  });
}

CommandService::Started CommandService::pass_on(NodeRequest request, Reply reply) {
  Started started;
  started.is_long = is_long(request.command);
  Command command = request.command;
  started.ticket = gateway_.execute(
      std::move(command),
      [this, request = std::move(request), reply = std::move(reply)](const Answer& answer) {
        if (answer.done && hooks_.answered) hooks_.answered(request.command, answer);
        json::object out = answer_to_json(answer);
        if (answer.done && answer.ok && request.save) keep(request, out);
        reply(std::move(out));
      });
  return started;
}

void CommandService::keep(const NodeRequest& request, json::object& answer) {
  const auto target = set_target(request.command);
  if (!target) return;
  if (!reloader_.file_config().links.contains(target->link)) {
    answer["ok"] = false;
    answer["error"] = "failed";
    answer["message"] = format(
        "it acts now, but is not saved: link {0} is not in the configuration files. What "
        "drbd-proxy-ctl has added is set with it: drbd-proxy-ctl -c \"set {1} {0} VALUE\"",
        target->link, target->setting);
    return;
  }
  const Result<std::string> file = store_.save(target->link, target->setting, request.value_text);
  if (!file) {
    answer["ok"] = false;
    answer["error"] = "failed";
    answer["message"] = format("it acts now, but is not saved and will be lost at a restart: {}",
                               file.error().message);
    return;
  }
  store_in(reloader_.file_config(), request.command);
  answer["saved_to"] = *file;
}

}  // namespace longthrow::control
