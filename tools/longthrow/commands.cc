// SPDX-License-Identifier: Apache-2.0
#include "tools/longthrow/commands.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <ostream>
#include <thread>
#include <vector>

#include "proxy/base/log.h"
#include "proxy/control/request.h"
#include "tools/longthrow/client.h"
#include "tools/longthrow/doctor.h"
#include "tools/longthrow/fetch_status.h"
#include "tools/longthrow/human.h"
#include "tools/longthrow/init/init.h"
#include "tools/longthrow/json_fields.h"
#include "tools/longthrow/read_status.h"
#include "tools/longthrow/render_checkpoints.h"
#include "tools/longthrow/render_losses.h"
#include "tools/longthrow/render_status.h"

namespace longthrow::cli {
namespace {

using std::chrono::milliseconds;

json::object request_of(const CommandLine& line) {
  json::object out;
  out["command"] = line.command;
  if (line.command == "set") {
    out["link"] = line.name;
    out["setting"] = line.setting;
    out["value"] = line.value;
    if (line.save) out["save"] = true;
  } else if (line.command == "drain") {
    out["group"] = line.name;
    if (!line.timeout.empty()) out["timeout"] = line.timeout;
    if (line.hold) out["hold"] = true;
  } else if (line.command == "accept-consistent") {
    out["group"] = line.name;
  } else if (line.command == "checkpoints") {
    if (!line.name.empty()) out["group"] = line.name;
  } else if (line.command == "pause") {
    out["link"] = line.name;
    if (line.drain) out["drain"] = true;
  } else if (line.command == "ping") {
    out["link"] = line.name;
  } else if (!line.name.empty()) {
    out["name"] = line.name;
    if (line.force) out["force"] = true;
  }
  if (!line.since.empty()) out["since"] = line.since;
  if (line.minor) out["minor"] = true;
  if (line.dry_run) out["dry_run"] = true;
  return out;
}

// `why_not`: why nothing gets on.
std::string progress_text(const json::object& progress, const std::string& why_not) {
  std::string text = human_bytes(amount_at(progress, "left_bytes")) + " left";
  if (!why_not.empty()) return text + ": " + why_not;
  text += ", " + human_rate(amount_at(progress, "rate_bytes_s"));
  if (const auto eta = number_at(progress, "eta_s")) return text + ", about " + human_seconds(*eta);
  return text + ", time unknown";
}

// Shows the answers of one command.
class Reporter {
 public:
  Reporter(const CommandLine& line, const Output& output) : line_(line), output_(output) {}

  int error(const std::string& message, int code = kNotDone) {
    end_progress();
    output_.err << "longthrow " << line_.command << ": " << message << "\n";
    return code;
  }

  // The exit code, when that was the last answer.
  std::optional<int> answer(const json::object& answer) {
    if (line_.json) output_.out << json::serialize(answer) << std::endl;
    if (!flag_at(answer, "done")) {
      if (!line_.json) progress(answer);
      return std::nullopt;
    }
    const bool ok = flag_at(answer, "ok");
    const json::value* consistent = answer.if_contains("consistent");
    const bool unusable = consistent != nullptr && *consistent == false;
    const int code = ok && unusable                        ? kNotConsistent
                     : ok                                  ? kDone
                     : text_at(answer, "error") == "usage" ? kWrongUsage
                                                           : kNotDone;
    if (line_.json) return code;
    end_progress();
    if (!ok) {
      error(text_at(answer, "message"), code);
      list(output_.err, answer, "details", "  ");
      return code;
    }
    done(answer);
    return code;
  }

 private:
  void progress(const json::object& answer) {
    const json::value* numbers = answer.if_contains("progress");
    std::string text = numbers != nullptr && numbers->is_object()
                           ? progress_text(numbers->get_object(), text_at(answer, "message"))
                           : text_at(answer, "message");
    if (output_.terminal) {
      output_.out << "\r\033[K" << text << std::flush;
      line_open_ = true;
      return;
    }
    const auto now = std::chrono::steady_clock::now();
    if (now - last_line_ < std::chrono::seconds(1)) return;  // a log is not a display
    last_line_ = now;
    output_.out << text << std::endl;
  }
  void end_progress() {
    if (line_open_) output_.out << "\r\033[K" << std::flush;
    line_open_ = false;
  }
  void done(const json::object& answer) {
    if (const json::value* rtt = answer.if_contains("rtt_ms"); rtt != nullptr && rtt->is_number()) {
      output_.out << format("{}: {:.2f} ms\n", line_.name, rtt->to_number<double>());
      return;
    }
    if (line_.command == "losses") {
      output_.out << render_losses(answer, Painter(output_.colours)) << std::flush;
      return;
    }
    if (line_.command == "checkpoints") {
      output_.out << render_checkpoints(answer, Painter(output_.colours)) << std::flush;
      return;
    }
    const std::string message = text_at(answer, "message");
    output_.out << (message.empty() ? "done" : message) << "\n";
    list(output_.out, answer, "details", "  ");
    list(output_.out, answer, "warnings", "  warning: ");
    list(output_.out, answer, "applied", "  applied: ");
    list(output_.out, answer, "would_apply", "  would apply: ");
    list(output_.out, answer, "needs_restart", "  needs a restart: ");
    if (const std::string file = text_at(answer, "saved_to"); !file.empty()) {
      output_.out << "  saved to " << file << "\n";
    } else if (line_.command == "set") {
      output_.out << "  until restart or reload; --save keeps it\n";
    }
    output_.out << std::flush;
  }
  static void list(std::ostream& out, const json::object& answer, std::string_view key,
                   std::string_view before) {
    const json::value* lines = answer.if_contains(key);
    if (lines == nullptr || !lines->is_array()) return;
    for (const json::value& entry : lines->get_array()) {
      if (entry.is_string()) out << before << printable(entry.get_string()) << "\n";
    }
  }

  const CommandLine& line_;
  const Output& output_;
  bool line_open_ = false;
  std::chrono::steady_clock::time_point last_line_{};
};

int run_one(Client& client, const CommandLine& line, Reporter& reporter) {
  const json::object request = request_of(line);
  const Result<control::Request> parsed = control::parse_request(request);
  if (!parsed) return reporter.error(parsed.error().message, kWrongUsage);
  const auto* node = std::get_if<control::NodeRequest>(&*parsed);
  const bool patient = node != nullptr && control::is_long(node->command);
  if (const Result<void> sent = client.send(request); !sent) {
    return reporter.error(sent.error().message);
  }
  for (;;) {
    const Result<json::object> answer =
        client.receive(patient ? std::nullopt : std::optional(kSilenceMax));
    if (!answer) return reporter.error(answer.error().message);
    if (const auto code = reporter.answer(*answer)) return *code;
  }
}

// Wrong values are said before the daemon is looked for.
int run_command(const CommandLine& line, const Output& output) {
  Reporter reporter(line, output);
  if (const auto parsed = control::parse_request(request_of(line)); !parsed) {
    return reporter.error(parsed.error().message, kWrongUsage);
  }
  Result<Client> client = Client::connect(line.control);
  if (!client) return reporter.error(client.error().message);
  const int rounds = line.command == "ping" ? line.count : 1;
  int code = kDone;
  for (int round = 0; round < rounds && code == kDone; ++round) {
    if (round > 0) std::this_thread::sleep_for(milliseconds(200));
    code = run_one(*client, line, reporter);
  }
  return code;
}

int show_status(const CommandLine& line, const Output& output, std::string_view before) {
  const Result<json::object> status = fetch_status(line.control);
  output.out << before;
  if (!status) {
    output.out << std::flush;
    output.err << "longthrow status: " << status.error().message << std::endl;
    return kNotDone;
  }
  if (line.json) {
    output.out << json::serialize(*status) << std::endl;
  } else {
    output.out << render_status(read_status(*status), Painter(output.colours)) << std::flush;
  }
  return kDone;
}

int run_status(const CommandLine& line, const Output& output) {
  if (!line.watch_s) return show_status(line, output, "");
  const auto pause = milliseconds(static_cast<long>(*line.watch_s * 1000));
  const bool clear = output.terminal && !line.json;
  for (bool first = true;; first = false) {
    const std::string_view before = clear ? "\033[H\033[J" : first || line.json ? "" : "\n";
    const int code = show_status(line, output, before);
    // A daemon that restarts comes back; one that was never there does not.
    if (code != kDone && first) return code;
    if (!output.out) return kNotDone;  // the reader of our pipe has gone
    std::this_thread::sleep_for(pause);
  }
}

int run_doctor(const CommandLine& line, const Output& output) {
  const Result<json::object> status = fetch_status(line.control);
  if (!status) return not_done(line, output, status.error().message);
  const Result<std::string> xml = read_drbd_xml(line.drbd_conf);
  std::vector<DrbdResource> resources;
  std::string note;
  if (xml) {
    Result<std::vector<DrbdResource>> parsed = parse_drbd_xml(*xml);
    if (!parsed) return not_done(line, output, parsed.error().message);
    resources = *std::move(parsed);
  } else if (!line.drbd_conf.empty()) {
    return not_done(line, output, xml.error().message);
  } else {
    note = "DRBD's configuration was not looked at: " + xml.error().message +
           "; give it with --drbd-conf";
  }
  Diagnosis diagnosis = diagnose(read_status(*status), resources, read_host_facts());
  if (!note.empty()) diagnosis.notes.push_back(note);
  if (line.json) {
    json::array findings;
    for (const Finding& finding : diagnosis.findings) {
      findings.push_back(json::object{
          {"about", finding.about}, {"what", finding.what}, {"remedy", finding.remedy}});
    }
    const json::array notes(diagnosis.notes.begin(), diagnosis.notes.end());
    output.out << json::serialize(json::object{{"findings", findings}, {"notes", notes}})
               << std::endl;
  } else {
    for (const Finding& finding : diagnosis.findings) {
      output.out << printable(finding.about) << ": " << printable(finding.what) << "\n    "
                 << printable(finding.remedy) << "\n";
    }
    for (const std::string& what : diagnosis.notes) output.out << printable(what) << "\n";
    if (diagnosis.findings.empty()) output.out << "nothing to say\n";
    output.out << std::flush;
  }
  return diagnosis.findings.empty() ? kDone : kNotDone;
}

}  // namespace

int not_done(const CommandLine& line, const Output& output, const std::string& why, int code) {
  output.err << "longthrow " << line.command << ": " << why << std::endl;
  return code;
}

int run(int argc, const char* const* argv, const Output& output) {
  CommandLine line;
  const std::unique_ptr<CLI::App> app = make_app(line);
  try {
    app->parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app->exit(error, output.out, output.err);
    return code == 0 ? kDone : kWrongUsage;
  }
  if (line.command == "genkey") return run_genkey(line, output);
  if (line.command == "status") return run_status(line, output);
  if (line.command == "init") return run_init(line, output);
  if (line.command == "restart-check") return run_restart_check(line, output);
  if (line.command == "events") return run_events(line, output);
  if (line.command == "plan") return run_plan(line, output);
  if (line.command == "report") return run_report(line, output);
  if (line.command == "doctor") return run_doctor(line, output);
  if (line.command == "checkpoint") return run_checkpoint(line, output);
  if (line.command == "explain") return run_explain(line, output);
  if (line.command == "top") return run_top(line, output);
  return run_command(line, output);
}

}  // namespace longthrow::cli
