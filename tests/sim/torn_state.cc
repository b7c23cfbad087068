// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/torn_state.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "proxy/base/log.h"

namespace longthrow::sim {
namespace {

constexpr const char* kFences = "fences";
constexpr const char* kCopies = "copies";
constexpr const char* kLosses = "losses";

std::string aside(const std::string& state_dir, const char* name) {
  return format("{}/{}.damaged", state_dir, name);
}

}  // namespace

bool tear_file(const std::string& path, Tear tear, RandomStream& random) {
  std::ostringstream whole;
  whole << std::ifstream(path, std::ios::binary).rdbuf();
  std::string text = whole.str();
  if (text.empty()) return false;
  if (tear == Tear::cut_short) {
    text.resize(random.below(text.size()));
  } else {
    const std::uint64_t bit = random.below(text.size() * 8);
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << (bit % 8)));
  }
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
  return true;
}

TornFiles tear_state(const std::string& state_dir, RandomStream& random) {
  TornFiles torn;
  const auto tear = [&](const char* name, bool& was) {
    std::filesystem::remove(aside(state_dir, name));
    const Tear how = random.chance(0.5) ? Tear::cut_short : Tear::turn_bit;
    if (random.chance(0.6)) was = tear_file(state_dir + "/" + name, how, random);
  };
  tear(kFences, torn.fences);
  tear(kCopies, torn.copies);
  tear(kLosses, torn.losses);
  return torn;
}

// A ledger of losses that was cut at the end of a line cannot be told from an older one.
std::string judge_start(const std::string& state_dir, const TornFiles& torn) {
  std::string missing;
  const auto judge = [&](const char* name, bool was) {
    if (was && !std::filesystem::exists(aside(state_dir, name))) missing = name;
  };
  judge(kFences, torn.fences);
  judge(kCopies, torn.copies);
  return missing.empty() ? "" : format("the torn file {} was not kept aside", missing);
}

}  // namespace longthrow::sim
