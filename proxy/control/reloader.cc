// SPDX-License-Identifier: Apache-2.0
#include "proxy/control/reloader.h"

#include <memory>
#include <utility>

#include "proxy/base/log.h"
#include "proxy/control/answer_json.h"

namespace longthrow::control {
namespace {

json::array to_array(const std::vector<std::string>& lines) {
  json::array out;
  for (const std::string& line : lines) out.emplace_back(line);
  return out;
}

std::string count(std::size_t number, std::string_view what) {
  return format("{} {}{}", number, what, number == 1 ? "" : "s");
}

// A table that is removed and added again by reloads runs with its new values from then on.
template <typename Tables>
void follow_tables(Tables& running, const Tables& file) {
  std::erase_if(running, [&](const auto& entry) { return !file.contains(entry.first); });
  running.insert(file.begin(), file.end());
}

}  // namespace

struct Reloader::Job {
  bool dry_run = false;
  bool begun = false;  // loop's thread, then control thread: the node was told to apply it
  Done done;
  Config config;
  std::vector<std::string> warnings;
  ConfigDifference difference;
};

void Reloader::reload(bool dry_run, Done done) {
  if (busy_) return done(error_to_json("busy", "another reload is under way; try again"));
  auto loaded = parts_.store.load();
  if (!loaded) {
    json::object answer =
        error_to_json("failed", format("nothing was changed: {} in the configuration",
                                       count(loaded.error().size(), "error")));
    answer["details"] = to_array(loaded.error());
    return done(std::move(answer));
  }
  if (parts_.check) {
    if (const Result<void> possible = parts_.check(loaded->config); !possible) {
      return done(error_to_json("failed", "nothing was changed: " + possible.error().message));
    }
  }
  busy_ = true;
  auto job = std::make_shared<Job>();
  job->dry_run = dry_run;
  job->done = std::move(done);
  job->difference = {parts_.store.difference(file_, loaded->config).live,
                     parts_.store.difference(started_with_, loaded->config).restart};
  job->config = std::move(loaded->config);
  job->warnings = std::move(loaded->warnings);
  apply(std::move(job));
}

// The node is asked first whether it could; only then keys are exchanged and the node is told to.
void Reloader::apply(std::shared_ptr<Job> job) {
  auto back = [this, job, to_control = parts_.gateway.returner()](Answer answer) {
    to_control([this, job, answer = std::move(answer)] { finish(*job, answer); });
  };
  parts_.gateway.post_to_loop([job, back, tls = &parts_.tls](Node& node) {
    node.execute(Reload{.config = job->config, .dry_run = true}, [=, &node](Answer could) {
      if (!could.done) return;
      if (!could.ok || job->dry_run) return back(std::move(could));
      if (const Result<void> keys = tls->load(job->config); !keys) {
        return back(Answer{.ok = false, .message = keys.error().message});
      }
      job->begun = true;
      node.execute(Reload{.config = job->config, .dry_run = false}, [back](Answer did) {
        if (did.done) back(std::move(did));
      });
    });
  });
}

void Reloader::finish(const Job& job, const Answer& answer) {
  busy_ = false;
  json::object out = answer_to_json(answer);
  if (!answer.ok) {
    out["message"] =
        (job.begun ? "not all of it was applied: " : "nothing was changed: ") + answer.message;
    return job.done(std::move(out));
  }
  const auto& [live, restart] = job.difference;
  std::string message = live.empty() && restart.empty() ? "the files have not changed"
                        : job.dry_run ? format("{} would be applied", count(live.size(), "change"))
                                      : format("{} applied", count(live.size(), "change"));
  if (!restart.empty()) {
    message += format(", {} cannot be applied while running", restart.size());
  }
  out["message"] = std::move(message);
  out["dry_run"] = job.dry_run;
  out["applied"] = to_array(job.dry_run ? std::vector<std::string>{} : live);
  out["would_apply"] = to_array(job.dry_run ? live : std::vector<std::string>{});
  out["needs_restart"] = to_array(restart);
  out["warnings"] = to_array(job.warnings);
  if (!job.dry_run) {
    file_ = job.config;
    follow_tables(started_with_.links, file_.links);
    follow_tables(started_with_.routes, file_.routes);
    follow_tables(started_with_.groups, file_.groups);
    set_log_level(file_.node.log_level);
  }
  job.done(std::move(out));
}

}  // namespace longthrow::control
