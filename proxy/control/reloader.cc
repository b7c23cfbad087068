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

std::string join(const std::vector<std::string>& words) {
  std::string joined;
  for (const std::string& word : words) joined += (joined.empty() ? "" : ", ") + word;
  return joined;
}

// A table that one reload removes and a later one adds again runs with its new values from then on.
template <typename Tables>
void follow_tables(Tables& running, const Tables& file) {
  std::erase_if(running, [&](const auto& entry) { return !file.contains(entry.first); });
  running.insert(file.begin(), file.end());
}

void forget_saved_differences(LinkStatus& link, const LinkConfig& file) {
  std::erase_if(link.differs_from_file, [&](const std::string& setting) {
    if (setting == "memlimit") return link.buffer.limit_bytes == file.memlimit;
    if (setting == "bandwidth") return link.bandwidth.bytes_s == file.bandwidth_bytes_s;
    if (setting == "compression") return link.compression.setting == to_string(file.compression);
    return false;
  });
}

}  // namespace

void forget_saved_differences(Status& status, const Config& file) {
  for (auto& [name, link] : status.links) {
    const auto found = file.links.find(name);
    if (found != file.links.end()) forget_saved_differences(link, found->second);
  }
}

struct Reloader::Job {
  bool dry_run = false;
  Done done;
  Config config;   // of the files
  Config running;  // with the connections
  std::vector<std::string> warnings;
  ConfigDifference difference;
  std::vector<std::string> unsaved;  // values of `set` that were not saved; a reload ends them
};

Reloader::Reloader(Parts parts, Config config, DrbdConnections connections)
    : parts_(std::move(parts)),
      started_with_(config),
      file_(std::move(config)),
      connections_(std::move(connections)),
      standing_{.read_at = std::chrono::system_clock::now(), .refused_at = {}, .refused = {}} {}

void Reloader::begin(std::function<void()> task) {
  if (busy_) return waiting_.push_back(std::move(task));
  busy_ = true;
  task();
}

void Reloader::end(const Done& done, json::object answer) {
  busy_ = false;
  done(std::move(answer));
  if (busy_ || waiting_.empty()) return;
  auto next = std::move(waiting_.front());
  waiting_.pop_front();
  begin(std::move(next));
}

Result<Config> Reloader::possible(const Config& files, const DrbdConnections& connections) {
  auto config = with_connections(files, connections);
  if (!config || !parts_.check) return config;
  if (auto checked = parts_.check(*config); !checked) return std::unexpected(checked.error());
  return config;
}

Result<void> Reloader::allows(const std::map<std::string, std::uint64_t>& memlimits) const {
  auto config = with_connections(file_, connections_);
  if (!config) return std::unexpected(config.error());
  for (const auto& [name, bytes] : memlimits) {
    const auto link = config->links.find(name);
    if (link != config->links.end()) link->second.memlimit = bytes;
  }
  return parts_.check_memlimits ? parts_.check_memlimits(*config) : Result<void>{};
}

// --- the files

void Reloader::reload(ReloadRequest request, Done done) {
  if (!request.dry_run) done = noted(std::move(done));
  begin([this, request, done = std::move(done)]() mutable {
    begin_reload(request, std::move(done));
  });
}

Reloader::Done Reloader::noted(Done done) {
  return [this, done = std::move(done)](json::object answer) {
    ReloadStatus status{.ok = answer.at("ok").as_bool()};
    if (!status.ok) {
      status.error = answer.at("message").as_string();
      const json::value* details = answer.if_contains("details");
      for (const json::value& line : details != nullptr ? details->as_array() : json::array())
        status.error += "; " + std::string(line.as_string());
    }
    const WallTime now = std::chrono::system_clock::now();
    if (status.ok) {
      standing_ = {.read_at = now, .refused_at = {}, .refused = {}};
    } else {
      standing_.refused_at = now;
      standing_.refused = status.error;
    }
    if (parts_.reloaded) parts_.reloaded(status);
    done(std::move(answer));
  };
}

void Reloader::begin_reload(ReloadRequest request, Done done) {
  auto loaded = parts_.store.load();
  if (!loaded) {
    json::object answer =
        error_to_json("failed", format("nothing was changed: {} in the configuration",
                                       count(loaded.error().size(), "error")));
    answer["details"] = to_array(loaded.error());
    return end(done, std::move(answer));
  }
  auto running = possible(loaded->config, connections_);
  if (!running) {
    return end(done, error_to_json("failed", "nothing was changed: " + running.error().message));
  }
  auto job = std::make_shared<Job>();
  job->dry_run = request.dry_run;
  job->done = std::move(done);
  job->difference = {parts_.store.difference(file_, loaded->config).live,
                     parts_.store.difference(started_with_, loaded->config).restart};
  job->config = std::move(loaded->config);
  job->running = std::move(*running);
  job->warnings = std::move(loaded->warnings);
  apply(job);
}

void Reloader::apply(const std::shared_ptr<Job>& job) {
  auto back = [this, job, to_control = parts_.gateway.returner()](const Answer& answer) {
    to_control([this, job, answer] { finish(*job, answer); });
  };
  parts_.gateway.post_to_loop([job, back](Node& node) {
    Status status = node.status();
    forget_saved_differences(status, job->running);
    for (const auto& [name, link] : status.links) {
      for (const std::string& setting : link.differs_from_file) {
        job->unsaved.push_back(format("link.{}.{}", name, setting));
      }
    }
    node.execute(Reload{.config = job->running, .dry_run = job->dry_run},
                 [back](const Answer& did) {
                   if (did.done) back(did);
                 });
  });
}

void Reloader::finish(const Job& job, const Answer& answer) {
  json::object out = answer_to_json(answer);
  if (!answer.ok) {
    out["message"] = "nothing was changed: " + answer.message;
    return end(job.done, std::move(out));
  }
  const auto& [live, restart] = job.difference;
  std::string message = live.empty() && restart.empty()
                            ? (job.dry_run ? "the files have not changed"
                                           : "the files have not changed; key files were read anew")
                        : job.dry_run ? format("{} would be applied", count(live.size(), "change"))
                                      : format("{} applied", count(live.size(), "change"));
  if (!restart.empty()) {
    message += format(", {} cannot be applied while running", restart.size());
  }
  if (!job.unsaved.empty()) {
    message += format("; {} of `set` that {} not saved {} back to the file's: {}",
                      count(job.unsaved.size(), "value"), job.unsaved.size() == 1 ? "was" : "were",
                      job.dry_run ? "would go" : "went", join(job.unsaved));
  }
  out["message"] = message;
  out["dry_run"] = job.dry_run;
  out["applied"] = to_array(job.dry_run ? std::vector<std::string>{} : live);
  out["would_apply"] = to_array(job.dry_run ? live : std::vector<std::string>{});
  out["needs_restart"] = to_array(restart);
  out["set_values_ended"] = to_array(job.unsaved);
  out["warnings"] = to_array(job.warnings);
  if (!job.dry_run) {
    file_ = job.config;
    follow_tables(started_with_.links, file_.links);
    follow_tables(started_with_.routes, file_.routes);
    follow_tables(started_with_.groups, file_.groups);
    set_log_level(file_.node.log_level);
  }
  end(job.done, std::move(out));
}

// --- the connections

void Reloader::change(ConnectionChange change, Done done) {
  begin([this, change = std::move(change), done = std::move(done)]() mutable {
    begin_change(change, std::move(done));
  });
}

// Writes the connections to the disk first, so that a change answered as done survives a crash.
void Reloader::begin_change(const ConnectionChange& change, Done done) {
  auto next = changed(connections_, change);
  if (!next) return end(done, error_to_json("failed", next.error().message));
  if (*next == connections_) return end(done, answer_to_json(Answer{}));
  auto running = with_connections(file_, *next);
  if (running && parts_.check_memlimits) {
    // The node reads the keys itself, and only those of links that change.
    if (auto checked = parts_.check_memlimits(*running); !checked)
      running = std::unexpected(checked.error());
  }
  if (!running) return end(done, error_to_json("failed", running.error().message));
  if (auto saved = parts_.store.save(*next); !saved) {
    return end(done, error_to_json("failed", "nothing was changed: " + saved.error().message));
  }
  const auto did = [this, next = std::move(*next), done = std::move(done)](const Answer& answer) {
    if (answer.ok) {
      connections_ = next;
    } else if (auto saved = parts_.store.save(connections_); !saved) {
      log_error("the connections on disk are not those that run: {}", saved.error().message);
    }
    end(done, answer_to_json(answer));
  };
  parts_.gateway.execute(Reload{.config = std::move(*running), .keep_set_values = true}, did);
}

}  // namespace longthrow::control
