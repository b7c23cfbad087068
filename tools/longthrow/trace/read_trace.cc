// SPDX-License-Identifier: Apache-2.0
#include "tools/longthrow/trace/read_trace.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "proxy/base/durable_file.h"
#include "proxy/base/human.h"
#include "proxy/base/log.h"
#include "tools/longthrow/client.h"
#include "tools/longthrow/json_fields.h"

namespace longthrow::cli {
namespace {

namespace fs = std::filesystem;

// The files of minutes come first, each kind in its order: so their names are sorted.
Result<std::vector<std::string>> files_in(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  for (fs::directory_iterator at(folder, error); !error && at != fs::directory_iterator();
       at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (name.starts_with("minutes-") || name.starts_with("seconds-"))
      files.push_back(at->path().string());
  }
  if (error) {
    return fail(
        format("cannot read {}: {}. Run it as root or as the daemon's user, or give a copy "
               "with --trace",
               folder, error.message()));
  }
  std::ranges::sort(files);
  return files;
}

Result<std::vector<std::string>> texts_of(const std::vector<std::string>& files) {
  std::vector<std::string> texts;
  for (const std::string& file : files) {
    Result<std::string> text = read_whole_file(file);
    if (!text) return std::unexpected(text.error());
    texts.push_back(*std::move(text));
  }
  return texts;
}

// The daemon may meanwhile make minutes of the oldest seconds: then it is done again.
Result<std::vector<std::string>> read_folder(const std::string& folder) {
  for (;;) {
    const auto files = files_in(folder);
    if (!files) return std::unexpected(files.error());
    auto texts = texts_of(*files);
    if (!texts) return texts;
    if (const auto again = files_in(folder); again && *again != *files) continue;
    return texts;
  }
}

Result<std::vector<std::string>> read_path(const std::string& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) return read_folder(path);
  if (!fs::exists(path, error)) return fail(format("there is no file {}", path));
  return texts_of({path});
}

struct Answered {
  std::string folder;
  std::string not_kept;
};

Result<Answered> ask_daemon(const std::string& control) {
  const auto answer = ask(control, json::object{{"command", "trace"}});
  if (!answer) {
    return fail(answer.error().message +
                ". Without a daemon give its trace with --trace, e.g. --trace "
                "/var/lib/longthrow/trace");
  }
  if (!flag_at(*answer, "ok")) return fail(text_at(*answer, "message"));
  return Answered{text_at(*answer, "folder"), text_at(*answer, "not_kept")};
}

}  // namespace

Result<FoundTrace> read_trace(const TracePlace& place, trace::TraceBook::Wanted wanted) {
  Answered from{.folder = place.path, .not_kept = {}};
  if (place.path.empty()) {
    auto answered = ask_daemon(place.control);
    if (!answered) return std::unexpected(answered.error());
    from = *std::move(answered);
  }
  const auto texts = read_path(from.folder);
  if (!texts) return std::unexpected(texts.error());
  trace::TraceBook book(std::move(wanted));
  for (const std::string& text : *texts) book.add(text);
  book.finish();
  if (book.blocks() == 0) {
    return fail(book.damaged() > 0
                    ? format("{} is no trace of longthrowd, or is damaged throughout", from.folder)
                    : format("{} holds no trace yet", from.folder));
  }
  return FoundTrace{
      .book = std::move(book), .place = from.folder, .not_kept = std::move(from.not_kept)};
}

std::vector<std::string> notes_about_trace(const FoundTrace& found) {
  std::vector<std::string> notes;
  if (found.book.damaged() > 0) {
    notes.push_back(
        format("damaged pieces of the trace are left out: {} (a crash while one was written "
               "leaves one)",
               found.book.damaged()));
  }
  if (!found.not_kept.empty())
    notes.push_back("the daemon cannot write its trace now: " + found.not_kept);
  return notes;
}

std::string utc_second(std::int64_t wall) {
  return utc_text(WallTime(std::chrono::seconds(wall))).substr(0, 19) + "Z";
}

}  // namespace longthrow::cli
