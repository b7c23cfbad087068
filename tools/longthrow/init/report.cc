// SPDX-License-Identifier: Apache-2.0
// Carries an init out and says what it did.
#include <ostream>

#include "proxy/base/log.h"
#include "proxy/control/json.h"
#include "tools/longthrow/human.h"
#include "tools/longthrow/init/init.h"
#include "tools/longthrow/init/site_files.h"

namespace longthrow::cli {
namespace {

constexpr const char* kSecret = "(a secret: not shown)\n";

json::array lines_json(const std::vector<std::string>& lines) {
  return json::array(lines.begin(), lines.end());
}

std::string outcome_text(CheckOutcome outcome) {
  switch (outcome) {
    case CheckOutcome::good:
      return "good";
    case CheckOutcome::refused:
      return "refused";
    case CheckOutcome::not_run:
      return "not_run";
  }
  return {};
}

json::object report_json(const CommandLine& line, const InitReport& report) {
  json::array files;
  for (const NewFile& file : report.files) {
    json::object entry{{"path", file.path.string()}, {"secret", file.secret}};
    if (line.dry_run && !file.secret) entry["text"] = file.text;
    files.push_back(std::move(entry));
  }
  return {{"node", report.node},
          {"peer", report.peer},
          {"written", !line.dry_run},
          {"files", std::move(files)},
          {"backups", lines_json(report.written.backups)},
          {"warnings", lines_json(report.written.warnings)},
          {"fingerprint", report.fingerprint},
          {"check",
           {{"outcome", outcome_text(report.check.outcome)},
            {"lines", lines_json(report.check.lines)}}},
          {"bundle", report.bundle},
          {"join_command", report.join_command},
          {"firewall", report.firewall},
          {"software", lines_json(report.software)},
          {"notes", lines_json(report.notes)},
          {"next", lines_json(report.next)}};
}

void show_files(std::ostream& out, const CommandLine& line, const InitReport& report) {
  for (const NewFile& file : report.files) {
    if (line.dry_run) {
      out << "--- " << file.path.string() << (file.secret ? " (mode 0600)" : "") << "\n"
          << (file.secret ? kSecret : file.text);
    } else {
      out << "wrote " << file.path.string() << (file.secret ? " (mode 0600)" : "") << "\n";
    }
  }
  for (const std::string& backup : report.written.backups) out << "kept " << backup << "\n";
  for (const std::string& warning : report.written.warnings) out << "warning: " << warning << "\n";
  if (!report.fingerprint.empty()) out << "key " << report.fingerprint << ", the same at both\n";
  for (const std::string& text : report.check.lines) out << "check: " << printable(text) << "\n";
}

void show(std::ostream& out, const CommandLine& line, const InitReport& report) {
  show_files(out, line, report);
  for (const std::string& note : report.notes) out << printable(note) << "\n";
  if (!report.software.empty()) out << "\nThe replication software at " << report.node << ":\n";
  for (const std::string& text : report.software) out << text;
  out << "\nNext, at " << report.node << ":\n";
  int number = 1;
  for (const std::string& command : report.next) out << "  " << number++ << ". " << command << "\n";
  if (!report.join_command.empty()) {
    out << "Then, at " << report.peer << ":\n  1. " << report.join_command
        << "\n  and what that says\n";
  }
  out << std::flush;
}

}  // namespace

int carry_out(const CommandLine& line, const Output& output, InitReport report) {
  if (!line.dry_run) {
    Result<Written> written =
        write_files(report.files, line.init.force ? Existing::keep_backup : Existing::refuse);
    if (!written) {
      output.err << "longthrow init: " << written.error().message << "\n";
      return kNotDone;
    }
    report.written = *std::move(written);
    report.check = run_check(std::filesystem::path(report.directory) / kConfigFile);
  }
  if (line.json) {
    output.out << json::serialize(report_json(line, report)) << std::endl;
  } else {
    show(output.out, line, report);
  }
  if (report.check.outcome != CheckOutcome::refused) return kDone;
  output.err << "longthrow init: the files are written, but longthrowd --check refuses them: "
                "see above; correct them before you go on\n";
  return kNotDone;
}

}  // namespace longthrow::cli
