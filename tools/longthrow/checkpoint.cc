// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <optional>
#include <ostream>
#include <utility>

#include "proxy/base/log.h"
#include "proxy/config/units.h"
#include "proxy/control/request.h"
#include "tools/longthrow/client.h"
#include "tools/longthrow/commands.h"
#include "tools/longthrow/freeze_guard.h"
#include "tools/longthrow/human.h"
#include "tools/longthrow/json_fields.h"

namespace longthrow::cli {
namespace {

json::object request_of(const CommandLine& line) {
  json::object out{{"command", "checkpoint"}, {"group", line.name}};
  if (!line.checkpoint.empty()) out["name"] = line.checkpoint;
  if (!line.timeout.empty()) out["timeout"] = line.timeout;
  if (!line.freeze.empty()) out["frozen"] = true;
  if (line.wait) out["wait"] = true;
  return out;
}

std::string state_of(const json::object& answer) {
  const json::value* one = answer.if_contains("checkpoint");
  return one != nullptr && one->is_object() ? text_at(one->get_object(), "state") : "";
}

// One checkpoint, from the freeze to the last answer.
class Making {
 public:
  Making(const CommandLine& line, const Output& output) : line_(line), output_(output) {}

  int run() {
    const json::object request = request_of(line_);
    if (const auto parsed = control::parse_request(request); !parsed)
      return not_done(line_, output_, parsed.error().message, kWrongUsage);
    const Result<Duration> timeout = parse_duration(line_.freeze_timeout);
    if (!timeout) {
      return not_done(line_, output_, "--freeze-timeout: " + timeout.error().message, kWrongUsage);
    }
    // Connected first: nothing is frozen for a daemon that is not there.
    Result<Client> client = Client::connect(line_.control);
    if (!client) return not_done(line_, output_, client.error().message);
    if (!line_.freeze.empty()) {
      auto frozen =
          FreezeGuard::freeze({.freeze = line_.freeze,
                               .thaw = line_.thaw,
                               .timeout = std::chrono::ceil<std::chrono::milliseconds>(*timeout)});
      if (!frozen) return not_done(line_, output_, frozen.error().message);
      guard_.emplace(*std::move(frozen));
    }
    if (const Result<void> sent = client->send(request); !sent) return fails(sent.error().message);
    return follow(*client);
  }

 private:
  // If it is frozen. Returns what went wrong.
  std::string thaw() {
    if (!guard_) return {};
    const auto thawed = guard_->thaw();
    guard_.reset();
    return thawed ? "" : thawed.error().message;
  }
  // Thaws before it says anything.
  int fails(std::string why, int code = kNotDone) {
    if (const std::string more = thaw(); !more.empty()) why += "; " + more;
    return not_done(line_, output_, why, code);
  }

  int follow(Client& client) {
    for (;;) {
      const auto silence = guard_ ? std::optional(std::chrono::milliseconds(1000)) : std::nullopt;
      const Result<json::object> answer = client.receive(silence);
      if (!answer) return fails(answer.error().message);
      if (guard_ && guard_->over()) return fails("it was not placed in time");
      const std::string state = state_of(*answer);
      if (!state.empty() && state != "failed") {
        if (const std::string wrong = thaw(); !wrong.empty()) return fails(wrong);
      }
      if (line_.json) output_.out << json::serialize(*answer) << std::endl;
      if (flag_at(*answer, "done")) return end(*answer);
      if (!line_.json && !state.empty()) say(state, text_at(*answer, "message"));
    }
  }

  // What is new in a step: its state, or why it does not get on.
  void say(const std::string& state, const std::string& why_not) {
    const std::string text = why_not.empty() ? state : state + ": " + why_not;
    if (text != std::exchange(said_, text)) output_.out << text << std::endl;
  }

  int end(const json::object& answer) {
    if (!flag_at(answer, "ok")) {
      const int code = text_at(answer, "error") == "usage" ? kWrongUsage : kNotDone;
      if (!line_.json) return fails(text_at(answer, "message"), code);
      // The answer has been shown; a thaw that has failed is said in any case.
      const std::string wrong = thaw();
      return wrong.empty() ? code : not_done(line_, output_, wrong, code);
    }
    if (!line_.json) output_.out << text_at(answer, "message") << std::endl;
    return kDone;
  }

  const CommandLine& line_;
  const Output& output_;
  std::optional<FreezeGuard> guard_;
  std::string said_;
};

}  // namespace

int run_checkpoint(const CommandLine& line, const Output& output) {
  return Making(line, output).run();
}

}  // namespace longthrow::cli
