// SPDX-License-Identifier: Apache-2.0
// longthrow_sim: runs seeds of the simulation.
//
//   longthrow_sim --seed 1 --count 2000 --jobs 2
//   longthrow_sim --seed 1234 --verbose          replays one, with the nodes' log
//   longthrow_sim --seed 1 --count 2000 --marks  how many of them reach each rare branch
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <atomic>
#include <cstdio>
#include <new>
#include <string>
#include <vector>

#include "longthrow/error.h"
#include "proxy/base/marks.h"
#include "proxy/base/planted.h"
#include "tests/sim/scenario.h"

namespace {

using longthrow::sim::ScenarioReport;

// How many seeds have reached each mark, counted by all processes together.
class MarkCounts {
 public:
  MarkCounts() {
    void* shared =
        mmap(nullptr, sizeof(Counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    LT_ASSERT(shared != MAP_FAILED);
    counts_ = new (shared) Counts{};
  }
  MarkCounts(const MarkCounts&) = delete;
  MarkCounts& operator=(const MarkCounts&) = delete;
  ~MarkCounts() { munmap(counts_, sizeof(Counts)); }

  // After each seed.
  void add_reached() {
    for (std::size_t i = 0; i < counts_->size(); ++i) {
      if (longthrow::reached_marks[i].exchange(false)) ++(*counts_)[i];
    }
  }
  // Those that no seed has reached come last.
  void print(std::uint64_t seeds) const {
    for (const bool reached : {true, false}) {
      for (std::size_t i = 0; i < counts_->size(); ++i) {
        const std::uint64_t count = (*counts_)[i];
        const std::string name(longthrow::kMarkNames[i]);
        if ((count > 0) == reached)
          std::printf("mark %s: reached in %lu of %lu seeds\n", name.c_str(), count, seeds);
      }
    }
  }

 private:
  using Counts = std::array<std::atomic<std::uint64_t>, longthrow::kMarkNames.size()>;
  Counts* counts_ = nullptr;
};

bool run_one(std::uint64_t seed, bool verbose, bool quiet) {
  const ScenarioReport report = longthrow::sim::run_scenario(seed, verbose);
  if (!report.violations.empty()) {
    std::printf("seed %lu FAILED: %s\n", seed, report.description.c_str());
    for (const std::string& violation : report.violations) std::printf("  %s\n", violation.c_str());
    std::printf("  replay: tools/dev sim --seed %lu --verbose\n", seed);
  } else if (!quiet) {
    std::printf(
        "seed %lu passed: %s; hash %016lx, unseed %016lx, %lu events, %.0f virtual s, %lu bytes\n",
        seed, report.description.c_str(), report.trace_hash, report.unseed, report.events,
        report.virtual_s, report.bytes_delivered);
  }
  std::fflush(stdout);
  return report.violations.empty();
}

struct Wanted {
  std::uint64_t first = 1;
  std::uint64_t count = 1;
  int jobs = 1;
  bool verbose = false;
  bool first_failure = false;
};

// Runs every `jobs`-th seed; returns the number of failures (at most 200: it is an exit status).
int run_share(const Wanted& wanted, int share, MarkCounts& marks) {
  const auto [first, count, jobs, verbose, first_failure] = wanted;
  int failed = 0;
  for (std::uint64_t i = static_cast<std::uint64_t>(share); i < count;
       i += static_cast<std::uint64_t>(jobs)) {
    if (first_failure && failed > 0) break;
    if (!run_one(first + i, verbose, count > 20)) ++failed;
    marks.add_reached();
    if (share == 0 && count >= 100 && i % (count / 20) < static_cast<std::uint64_t>(jobs)) {
      std::fprintf(stderr, isatty(STDERR_FILENO) ? "\r%lu of %lu seeds\r" : "%lu of %lu seeds\n", i,
                   count);
    }
  }
  return std::min(failed, 200);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "Runs the deterministic simulation: pairs of real nodes on a virtual network, with faults.");
  Wanted wanted;
  app.add_option("--seed", wanted.first, "the first seed")->capture_default_str();
  app.add_option("--count", wanted.count, "how many seeds")->capture_default_str();
  app.add_option("--jobs", wanted.jobs, "processes at a time")
      ->capture_default_str()
      ->check(CLI::Range(1, 64));
  app.add_flag("--verbose", wanted.verbose, "show the nodes' log on stderr");
  app.add_flag("--first-failure", wanted.first_failure,
               "stop at a failure; seeds that other processes run at that time are still finished");
  bool shows_marks = false;
  app.add_flag("--marks", shows_marks,
               "say of each rare branch in how many of the seeds it was reached");
#ifdef LONGTHROW_PLANT
  std::string plant = "none";
  app.add_option("--plant", plant, "switch a bug on (this build has them)")
      ->check(CLI::IsMember(
          std::vector<std::string>(longthrow::kPlantNames.begin(), longthrow::kPlantNames.end())));
#endif
  CLI11_PARSE(app, argc, argv);
#ifdef LONGTHROW_PLANT
  for (std::size_t i = 0; i < longthrow::kPlantNames.size(); ++i) {
    if (longthrow::kPlantNames[i] == plant)
      longthrow::active_plant = static_cast<longthrow::Plant>(i);
  }
#endif

  MarkCounts marks;
  int failed = 0;
  if (wanted.jobs == 1) {
    failed = run_share(wanted, 0, marks);
  } else {
    std::vector<pid_t> children;
    for (int share = 0; share < wanted.jobs; ++share) {
      const pid_t child = fork();
      if (child == 0) _exit(run_share(wanted, share, marks));
      children.push_back(child);
    }
    for (const pid_t child : children) {
      int status = 0;
      waitpid(child, &status, 0);
      if (WIFEXITED(status)) {
        failed += WEXITSTATUS(status);
      } else {
        std::printf("a simulation was ended by signal %d\n", WTERMSIG(status));
        ++failed;
      }
    }
  }
  if (shows_marks) marks.print(wanted.count);
  const auto passed =
      wanted.count - std::min<std::uint64_t>(wanted.count, static_cast<std::uint64_t>(failed));
  if (wanted.first_failure && failed > 0) {
    std::printf("%d failed, and the rest was not run\n", failed);
  } else {
    std::printf("%lu passed, %d failed\n", passed, failed);
  }
  return failed == 0 ? 0 : 1;
}
