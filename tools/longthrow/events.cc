// SPDX-License-Identifier: Apache-2.0
// `longthrow events`: what has happened, once or as it happens.
#include <chrono>
#include <ostream>
#include <thread>

#include "proxy/control/request.h"
#include "tools/longthrow/client.h"
#include "tools/longthrow/commands.h"
#include "tools/longthrow/json_fields.h"
#include "tools/longthrow/render_events.h"

namespace longthrow::cli {
namespace {

constexpr std::chrono::milliseconds kPause{1000};  // the node looks once a second, too

json::object request_of(const CommandLine& line) {
  json::object out{{"command", "events"}};
  if (!line.link.empty()) out["link"] = line.link;
  if (!line.group.empty()) out["group"] = line.group;
  if (!line.since.empty()) out["since"] = line.since;
  if (line.newest) out["limit"] = std::int64_t{*line.newest};
  return out;
}

// An answer whose `ok` is true.
Result<json::object> ask_events(const std::string& control, const json::object& request) {
  Result<json::object> answer = ask(control, request);
  if (answer && !flag_at(*answer, "ok")) return fail(text_at(*answer, "message"));
  return answer;
}

void show_each(const json::object& answer, const CommandLine& line, const Output& output) {
  for (const json::value& entry : array_at(answer, "events")) {
    if (!entry.is_object()) continue;
    if (line.json) {
      output.out << json::serialize(entry) << "\n";
    } else {
      output.out << render_event(entry.get_object(), Painter(output.colours));
    }
  }
  output.out << std::flush;
}

}  // namespace

int run_events(const CommandLine& line, const Output& output) {
  json::object request = request_of(line);
  if (const auto parsed = control::parse_request(request); !parsed)
    return not_done(line, output, parsed.error().message, kWrongUsage);
  const auto answer = ask_events(line.control, request);
  if (!answer) return not_done(line, output, answer.error().message);
  if (!line.follow) {
    output.out << (line.json ? json::serialize(*answer) + "\n"
                             : render_events(*answer, Painter(output.colours)))
               << std::flush;
    return kDone;
  }
  show_each(*answer, line, output);
  const auto last_of = [](const json::object& of) {
    return static_cast<std::int64_t>(amount_at(of, "last"));
  };
  std::int64_t last = last_of(*answer);
  request.erase("limit");
  bool told = false;
  while (output.out) {
    std::this_thread::sleep_for(kPause);
    request["after"] = last;
    const auto more = ask_events(line.control, request);
    // The daemon may come back; that it is not there is said once.
    if (!more && !std::exchange(told, true)) (void)not_done(line, output, more.error().message);
    if (!more) continue;
    told = false;
    show_each(*more, line, output);
    last = last_of(*more);
  }
  return kNotDone;  // the reader of our pipe has gone
}

}  // namespace longthrow::cli
