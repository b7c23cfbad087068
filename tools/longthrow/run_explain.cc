// SPDX-License-Identifier: Apache-2.0
// `longthrow explain`: two looks at the daemon, and a sentence for each link and group.
#include <chrono>
#include <ostream>
#include <thread>

#include "proxy/base/log.h"
#include "proxy/config/units.h"
#include "proxy/explain/explain.h"
#include "tools/longthrow/commands.h"
#include "tools/longthrow/explain_json.h"
#include "tools/longthrow/fetch_status.h"
#include "tools/longthrow/read_status.h"
#include "tools/longthrow/render_explain.h"

namespace longthrow::cli {
namespace {

constexpr Duration kOver = std::chrono::seconds(1);
constexpr Duration kOverMin = std::chrono::milliseconds(200);
constexpr Duration kOverMax = std::chrono::hours(1);

// How far apart both looks are.
Result<Duration> looks_apart(const std::string& text) {
  if (text.empty()) return kOver;
  Result<Duration> over = parse_duration(text);
  if (!over) return fail("--over: " + over.error().message);
  if (*over < kOverMin || *over > kOverMax) return fail("--over: give a time from 200ms to 1h");
  return over;
}

bool knows(const Status& status, const std::string& name) {
  return status.links.contains(name) || status.groups.contains(name);
}

}  // namespace

int run_explain(const CommandLine& line, const Output& output) {
  const Result<Duration> apart = looks_apart(line.over);
  if (!apart) return not_done(line, output, apart.error().message, kWrongUsage);
  const Result<json::object> first = fetch_status(line.control);
  if (!first) return not_done(line, output, first.error().message);
  const Status before = read_status(*first);
  if (!line.name.empty() && !knows(before, line.name))
    return not_done(line, output, format("no link or group is called '{}'", line.name));
  std::this_thread::sleep_for(*apart);
  const Result<json::object> second = fetch_status(line.control);
  if (!second) return not_done(line, output, second.error().message);
  const Status now = read_status(*second);
  const explain::Explanation all = explain::explain(&before, now);
  if (line.json) {
    output.out << json::serialize(to_json(only(all, now, line.name))) << std::endl;
  } else {
    output.out << render_explanation(all, now, line.name, Painter(output.colours)) << std::flush;
  }
  return kDone;
}

}  // namespace longthrow::cli
