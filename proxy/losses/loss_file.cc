// SPDX-License-Identifier: Apache-2.0
// The file is text: a loss is rare and takes a few hundred bytes, and a person who finds the file
// on a disk without its node can read it. A field without a value is "-".
#include "proxy/losses/loss_file.h"

#include <cmath>
#include <filesystem>
#include <optional>
#include <sstream>

#include "proxy/base/log.h"
#include "proxy/base/sealed_text.h"

namespace longthrow {
namespace {

constexpr std::string_view kHead = "losses";
constexpr std::string_view kLoss = "loss";
constexpr std::string_view kCarrying = "carrying";
constexpr std::string_view kEnded = "ended";
constexpr std::uint64_t kSeed = 0x6c6f737365733031;

std::string sealed(std::string_view line) { return sealed_line(line, kSeed); }

std::int64_t ns_of(WallTime time) { return time.time_since_epoch().count(); }
WallTime time_of(std::int64_t ns) { return WallTime(Duration(ns)); }
std::string word(const std::string& name) { return name.empty() ? "-" : name; }
std::string name_of(const std::string& word) { return word == "-" ? "" : word; }

template <typename T>
std::optional<T> value_of(const std::string& word) {
  T value{};
  std::istringstream in(word);
  if (word == "-" || !(in >> value)) return std::nullopt;
  return value;
}

std::optional<Loss> parse_loss(std::istringstream& in) {
  Loss loss;
  std::int64_t at_ns = 0;
  std::string place;
  std::string reason;
  std::string weight;
  std::string bytes;
  std::string oldest_ms;
  in >> loss.number >> at_ns >> loss.link >> loss.group >> loss.route >> place >> reason >>
      weight >> loss.channels >> bytes >> loss.perhaps_delivered_bytes >> oldest_ms;
  const auto known = parse_loss_reason(reason);
  if (!in || !known) return std::nullopt;
  in.ignore(1);
  std::getline(in, loss.text);
  loss.at = time_of(at_ns);
  for (std::string* name : {&loss.link, &loss.group, &loss.route}) *name = name_of(*name);
  loss.place = place == to_string(LossPlace::to_peer) ? LossPlace::to_peer : LossPlace::undelivered;
  loss.reason = *known;
  loss.weight = weight == to_string(LossWeight::full) ? LossWeight::full : LossWeight::minor;
  loss.bytes = value_of<std::uint64_t>(bytes);
  if (const auto ms = value_of<std::int64_t>(oldest_ms))
    loss.oldest_s = static_cast<double>(*ms) / 1000;
  return loss;
}

bool parse_line(std::string_view line, LossFileContents& contents) {
  std::istringstream in{std::string(line)};
  std::string kind;
  in >> kind;
  std::int64_t at_ns = 0;
  if (kind == kLoss) {
    auto loss = parse_loss(in);
    if (loss) contents.kept.losses.push_back(*std::move(loss));
    return loss.has_value();
  }
  if (kind == kHead) {
    LossBook::Kept& kept = contents.kept;
    in >> at_ns >> kept.forgotten >> kept.forgotten_full >> kept.forgotten_bytes;
    kept.since = time_of(at_ns);
    return !in.fail();
  }
  if ((kind != kCarrying && kind != kEnded) || !(in >> at_ns)) return false;
  contents.last_run = kind == kCarrying ? LastRun::carrying : LastRun::ended;
  if (kind == kCarrying) contents.carrying_since = time_of(at_ns);
  return true;
}

}  // namespace

std::string loss_file_of(const std::string& state_dir) {
  return (std::filesystem::path(state_dir) / "losses").string();
}

std::string loss_line(const Loss& loss) {
  const std::string bytes = loss.bytes ? format("{}", *loss.bytes) : "-";
  const std::string oldest =
      loss.oldest_s ? format("{}", std::llround(*loss.oldest_s * 1000)) : "-";
  return sealed(format("{} {} {} {} {} {} {} {} {} {} {} {} {} {}", kLoss, loss.number,
                       ns_of(loss.at), word(loss.link), word(loss.group), word(loss.route),
                       to_string(loss.place), to_string(loss.reason), to_string(loss.weight),
                       loss.channels, bytes, loss.perhaps_delivered_bytes, oldest, loss.text));
}

std::string run_line(LastRun run, WallTime at) {
  return sealed(format("{} {}", run == LastRun::carrying ? kCarrying : kEnded, ns_of(at)));
}

std::string whole_loss_file(const LossBook::Kept& kept) {
  std::string text = sealed(format("{} {} {} {} {}", kHead, ns_of(kept.since), kept.forgotten,
                                   kept.forgotten_full, kept.forgotten_bytes));
  for (const Loss& loss : kept.losses) text += loss_line(loss);
  return text;
}

LossFileContents parse_loss_file(std::string_view text) {
  LossFileContents contents;
  contents.damaged_lines = take_sealed_lines(
      text, kSeed, [&](std::string_view line) { return parse_line(line, contents); });
  if (contents.kept.since == WallTime{} && !contents.kept.losses.empty())
    contents.kept.since = contents.kept.losses.front().at;
  return contents;
}

}  // namespace longthrow
