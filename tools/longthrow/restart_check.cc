// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <optional>
#include <ostream>
#include <thread>

#include "proxy/base/log.h"
#include "proxy/config/units.h"
#include "tools/longthrow/client.h"
#include "tools/longthrow/commands.h"
#include "tools/longthrow/human.h"
#include "tools/longthrow/json_fields.h"

namespace longthrow::cli {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kPause{500};

// What is left, in one line, while somebody waits.
std::string waiting_text(const json::object& answer) {
  double bytes = 0;
  std::string names;
  const json::object& report = object_at(answer, "restart");
  for (const auto& entry : object_at(report, "groups")) {
    if (!entry.value().is_object()) continue;
    const json::object& group = entry.value().get_object();
    if (flag_at(group, "free")) continue;
    names += (names.empty() ? "" : ", ") + printable(entry.key());
    bytes += amount_at(group, "to_peer_bytes") + amount_at(group, "to_target_bytes");
  }
  return format("waiting for {}: {} under way", names.empty() ? "the groups" : names,
                human_bytes(bytes));
}

// Shows that something is waited for: on a terminal one line that changes, else a line a minute.
class Waiting {
 public:
  explicit Waiting(const Output& output) : output_(output) {}
  void show(const std::string& text) {
    if (output_.terminal) {
      output_.out << "\r\033[K" << text << std::flush;
      return;
    }
    if (Clock::now() < next_) return;
    next_ = Clock::now() + std::chrono::minutes(1);
    output_.out << text << std::endl;
  }
  void end() {
    if (output_.terminal) output_.out << "\r\033[K" << std::flush;
  }

 private:
  const Output& output_;
  Clock::time_point next_{};
};

int show(const CommandLine& line, const Output& output, const json::object& answer) {
  const bool ok = flag_at(answer, "ok");
  const int code = ok ? kDone : kNotDone;
  if (line.json) {
    output.out << json::serialize(answer) << std::endl;
    return code;
  }
  std::ostream& out = ok ? output.out : output.err;
  if (!ok) out << "longthrow restart-check: ";
  out << text_at(answer, "message") << "\n";
  for (const json::value& entry : array_at(answer, "details")) {
    if (entry.is_string()) out << "  " << printable(entry.get_string()) << "\n";
  }
  out << std::flush;
  return code;
}

}  // namespace

int run_restart_check(const CommandLine& line, const Output& output) {
  std::optional<Clock::time_point> deadline;
  if (!line.timeout.empty()) {
    const Result<Duration> timeout = parse_duration(line.timeout);
    if (!timeout) {
      return not_done(line, output, "--timeout: " + timeout.error().message, kWrongUsage);
    }
    deadline = Clock::now() + *timeout;
  }
  Waiting waiting(output);
  for (;;) {
    const Result<json::object> answer = ask(line.control, {{"command", "restart-check"}});
    if (!answer) return not_done(line, output, answer.error().message);
    // Without a report it is no judgement: the node is stopping, or did not answer in time.
    const bool judged = flag_at(*answer, "ok") || answer->contains("restart");
    const bool late = deadline && Clock::now() + kPause > *deadline;
    if (flag_at(*answer, "ok") || !line.wait || late || !judged) {
      if (line.wait && !line.json) waiting.end();
      return show(line, output, *answer);
    }
    if (!line.json) waiting.show(waiting_text(*answer));
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace longthrow::cli
