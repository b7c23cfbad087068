// SPDX-License-Identifier: Apache-2.0
// Takes cuts of a program that writes over several connections, and counts those that are wrong:
// that have a record, and lack one that it depends on.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "bench/cuts/cutter.h"
#include "proxy/base/log.h"

namespace longthrow {
namespace {

const std::map<std::string, Method> kMethods{
    {"naive", Method::naive}, {"observed", Method::observed}, {"source", Method::source}};
const std::map<std::string, Traffic> kTraffics{
    {"plain", Traffic::plain}, {"cork", Traffic::cork}, {"windows", Traffic::windows}};

template <typename T>
std::string name_of(const std::map<std::string, T>& names, T value) {
  for (const auto& [name, named] : names) {
    if (named == value) return name;
  }
  return {};
}

struct Options {
  std::vector<std::size_t> streams{2, 8, 32};
  std::vector<Method> methods{Method::naive, Method::observed, Method::source};
  std::vector<Traffic> traffics{Traffic::plain};
  double writes_s = 0;
  std::uint64_t record_bytes = 512;
  std::uint64_t seed = 1;
  CutLimits limits;
  bool json = false;
};

struct Row {
  Traffic traffic = Traffic::plain;
  std::size_t streams = 0;
  Method method = Method::source;
  CutTally tally;
};

double per(double sum, std::uint64_t count) {
  return count > 0 ? sum / static_cast<double>(count) : 0;
}

void print_progress(const Row& row, const CutTally& tally) {
  if (::isatty(STDERR_FILENO) == 0) return;
  std::fputs(format("\r{:>7} {:>3} streams, {:>8}: {:.0f} s, {} cuts, {} violated ",
                    name_of(kTraffics, row.traffic), row.streams, name_of(kMethods, row.method),
                    tally.seconds, tally.cuts, tally.violated)
                 .c_str(),
             stderr);
}
void end_progress() {
  if (::isatty(STDERR_FILENO) != 0) std::fputs("\r\033[K", stderr);
}

Result<Row> run(const Options& options, Row row) {
  auto chain = Chain::start({.streams = row.streams,
                             .traffic = row.traffic,
                             .writes_s = options.writes_s,
                             .record_bytes = options.record_bytes,
                             .seed = options.seed});
  if (!chain) return std::unexpected(chain.error());
  row.tally = take_cuts(**chain, row.method, options.limits,
                        [&](const CutTally& tally) { print_progress(row, tally); });
  end_progress();
  return row;
}

void print_head() {
  std::puts(
      "traffic  streams   method  writes/s  attempts  proven      cuts  violated   (share)  "
      "longest wait  CPU/attempt");
}
void print_row(const Row& row) {
  const CutTally& tally = row.tally;
  std::puts(format("{:>7}  {:>7} {:>8} {:>9.0f} {:>9} {:>6.1f}% {:>9} {:>9} {:>8.4f}% {:>10.1f} ms "
                   "{:>9.1f} us",
                   name_of(kTraffics, row.traffic), row.streams, name_of(kMethods, row.method),
                   static_cast<double>(tally.records) / std::max(tally.seconds, 1e-9),
                   tally.attempts, 100 * per(static_cast<double>(tally.proven), tally.attempts),
                   tally.cuts, tally.violated,
                   100 * per(static_cast<double>(tally.violated), tally.cuts),
                   1e3 * tally.longest_wait_s, 1e6 * per(tally.cpu_s, tally.attempts))
                .c_str());
  if (tally.unchecked > 0) {
    std::puts(format("         {} cuts could not be judged: the cutter was kept waiting too long",
                     tally.unchecked)
                  .c_str());
  }
  std::fflush(stdout);
}

void print_json(const Options& options, const std::vector<Row>& rows) {
  std::string text;
  for (const Row& row : rows) {
    const CutTally& tally = row.tally;
    text += format(
        "{}{{\"traffic\":\"{}\",\"streams\":{},\"method\":\"{}\",\"attempts\":{},\"proven\":{},"
        "\"cuts\":{},\"violated\":{},\"unchecked\":{},\"records\":{},\"seconds\":{:.3f},"
        "\"cpu_s\":{:.6f},\"longest_wait_s\":{:.6f}}}",
        text.empty() ? "" : ",", name_of(kTraffics, row.traffic), row.streams,
        name_of(kMethods, row.method), tally.attempts, tally.proven, tally.cuts, tally.violated,
        tally.unchecked, tally.records, tally.seconds, tally.cpu_s, tally.longest_wait_s);
  }
  std::puts(format("{{\"writes_s\":{},\"record_bytes\":{},\"seed\":{},\"rows\":[{}]}}",
                   options.writes_s, options.record_bytes, options.seed, text)
                .c_str());
}

constexpr auto kFooter =
    "A row counts one method with one number of streams. \"proven\" is the share of attempts that "
    "gave\na cut; \"cuts\" leaves out those that are the same as the one before; \"violated\" have "
    "bytes of a\nrecord and lack bytes of an earlier one. \"longest wait\" is the longest time "
    "without a cut.\nThe exit code is 1 if a cut that was proven at the source is violated, or "
    "none was proven.\n\nExamples:\n"
    "  cut_bench                                   # 2, 8 and 32 streams, each method, full speed\n"
    "  cut_bench --rate 10000 --traffic cork\n"
    "  cut_bench --method source --cuts 1000000 --seconds 600 --streams 8 --json";

void add_options(CLI::App& app, Options& options) {
  app.footer(kFooter);
  app.add_option("--streams", options.streams, "numbers of connections, such as 2,8")
      ->delimiter(',')
      ->check(CLI::Range(2, 1000))
      ->capture_default_str();
  app.add_option("--method", options.methods,
                 "naive: one look at each source; observed: two looks at what was received agree; "
                 "source: proven at the source (default: all)")
      ->delimiter(',')
      ->transform(CLI::CheckedTransformer(kMethods));
  app.add_option("--traffic", options.traffics,
                 "plain, cork (TCP_CORK) or windows (full ones) (default: plain)")
      ->delimiter(',')
      ->transform(CLI::CheckedTransformer(kTraffics));
  app.add_option("--rate", options.writes_s, "records per second; 0: as fast as they go")
      ->check(CLI::Range(0.0, 1e7))
      ->capture_default_str();
  app.add_option("--record", options.record_bytes, "bytes of a record")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  app.add_option("--seed", options.seed, "of the order of streams")->capture_default_str();
  app.add_option("--cuts", options.limits.cuts, "end a row after so many cuts; 0: no limit")
      ->capture_default_str();
  app.add_flag("--json", options.json, "one line of JSON at the end");
}

bool proved_wrong(const Row& row) {
  return row.method == Method::source && (row.tally.violated > 0 || row.tally.proven == 0);
}

int run_all(const Options& options) {
  std::vector<Row> rows;
  if (!options.json) print_head();
  for (const Traffic traffic : options.traffics) {
    for (const std::size_t streams : options.streams) {
      for (const Method method : options.methods) {
        auto row = run(options, {.traffic = traffic, .streams = streams, .method = method});
        if (!row) {
          std::fprintf(stderr, "cut_bench: %s\n", row.error().message.c_str());
          return 1;
        }
        if (!options.json) print_row(*row);
        rows.push_back(std::move(*row));
      }
    }
  }
  if (options.json) print_json(options, rows);
  if (std::ranges::none_of(rows, proved_wrong)) return 0;
  std::fputs("cut_bench: a row of the method \"source\" has violated cuts, or none at all\n",
             stderr);
  return 1;
}

int main_of(int argc, char** argv) {
  CLI::App app{
      "Takes cuts of a program that writes a chain of records over several loopback connections, "
      "each\nrecord after the one before it was written, and counts the cuts that are wrong."};
  Options options;
  double seconds = 10;
  add_options(app, options);
  app.add_option("--seconds", seconds, "end a row after this time")
      ->check(CLI::Range(0.1, 1e6))
      ->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  options.limits.time = std::chrono::duration<double>(seconds);
  return run_all(options);
}

}  // namespace
}  // namespace longthrow

int main(int argc, char** argv) { return longthrow::main_of(argc, argv); }
