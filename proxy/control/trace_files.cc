// SPDX-License-Identifier: Apache-2.0
#include "proxy/control/trace_files.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>
#include <system_error>
#include <utility>
#include <vector>

#include "proxy/base/durable_file.h"
#include "proxy/base/log.h"
#include "proxy/trace/block.h"
#include "proxy/trace/minute.h"

namespace longthrow::control {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kMode = 0640;
constexpr std::uint64_t kNumberMax = 99'999'999;  // 8 digits: 60 years and more of new files

// How long the subject that has the most was recorded.
std::uint64_t recorded_seconds(std::string_view blocks) {
  std::map<std::pair<trace::Kind, std::string>, std::uint64_t> recorded;
  std::uint64_t most = 0;
  trace::BlockReader reader(blocks);
  while (const auto block = reader.next()) {
    std::uint64_t& seconds = recorded[{block->kind, block->name}];
    for (const trace::Row& row : block->rows) seconds += row.span;
    most = std::max(most, seconds);
  }
  return most;
}

// The number behind "NAME-"; 0: it is no file of the series.
std::uint64_t number_of(const std::string& file, const std::string& name) {
  if (!file.starts_with(name + "-")) return 0;
  const char* begin = file.data() + name.size() + 1;
  const char* end = file.data() + file.size();
  std::uint64_t number = 0;
  const auto [at, error] = std::from_chars(begin, end, number);
  const bool is_one = at == end && error == std::errc() && number <= kNumberMax;
  return is_one ? number : 0;
}

}  // namespace

std::string trace_folder_of(const std::string& state_dir) { return state_dir + "/trace"; }

Result<void> TraceFiles::open(std::string folder) {
  folder_ = std::move(folder);
  return look();
}

Result<void> TraceFiles::look() {
  if (auto made = make_folder(folder_); !made) return made;
  look_for(seconds_);
  look_for(minutes_);
  looked_ = true;
  return {};
}

void TraceFiles::look_for(Series& series) const {
  std::vector<std::uint64_t> numbers;
  std::error_code error;
  for (fs::directory_iterator at(folder_, error); !error && at != fs::directory_iterator();
       at.increment(error)) {
    if (const auto number = number_of(at->path().filename().string(), series.name); number > 0)
      numbers.push_back(number);
  }
  if (numbers.empty()) return;
  const auto [least, most] = std::ranges::minmax(numbers);
  series.first = least;
  series.last = most;
  const auto text = read_whole_file(path_of(series, most));
  series.bytes = text ? text->size() : series.bounds.bytes;  // else a new one is begun
  series.recorded_s = text ? recorded_seconds(*text) : 0;
}

std::string TraceFiles::path_of(const Series& series, std::uint64_t number) const {
  return format("{}/{}-{:08}", folder_, series.name, number);
}

Result<void> TraceFiles::append(const std::string& blocks) {
  if (auto looked = looked_ ? Result<void>{} : look(); !looked) return looked;
  if (auto done = append_to(seconds_, blocks); !done) return done;
  while (seconds_.last - seconds_.first + 1 > seconds_.bounds.files) {
    if (auto done = retire_oldest_seconds(); !done) return done;
  }
  return {};
}

Result<void> TraceFiles::append_to(Series& series, const std::string& blocks) {
  const bool full = series.last < series.first || series.bytes >= series.bounds.bytes ||
                    series.recorded_s >= series.bounds.seconds;
  if (full) {
    ++series.last;
    series.bytes = 0;
    series.recorded_s = 0;
  }
  auto done = append_to_file(path_of(series, series.last), blocks, kMode);
  if (!done) return done;
  series.bytes += blocks.size();
  series.recorded_s += recorded_seconds(blocks);
  return {};
}

// Should the process end between both steps, the minutes are made again, and whoever reads them
// takes them once.
Result<void> TraceFiles::retire_oldest_seconds() {
  const std::string path = path_of(seconds_, seconds_.first);
  const auto text = read_whole_file(path);
  if (!text) log_warning("trace: {}; these seconds are lost", text.error().message);
  const trace::Downsampled minutes = trace::downsample(text.value_or(""));
  if (minutes.damaged > 0)
    log_warning("trace: damaged pieces of {} are lost: {}", path, minutes.damaged);
  if (!minutes.blocks.empty()) {
    if (auto done = append_to(minutes_, minutes.blocks); !done) return done;
  }
  remove_oldest(seconds_);
  while (minutes_.last >= minutes_.first &&
         minutes_.last - minutes_.first + 1 > minutes_.bounds.files) {
    remove_oldest(minutes_);
  }
  return {};
}

void TraceFiles::remove_oldest(Series& series) const {
  std::error_code error;
  fs::remove(path_of(series, series.first), error);
  if (error)
    log_warning("trace: {} cannot be removed: {}", path_of(series, series.first), error.message());
  ++series.first;
}

}  // namespace longthrow::control
