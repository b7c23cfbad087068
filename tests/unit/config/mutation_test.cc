// SPDX-License-Identifier: Apache-2.0
// Whatever a file holds, the parser answers: a configuration, or errors with a place.
#include <random>

#include "proxy/config/reference.h"
#include "proxy/config/saved_settings.h"
#include "tests/unit/config/config_case.h"

namespace longthrow {
namespace {

class Mutator {
 public:
  explicit Mutator(std::uint32_t seed) : random_(seed) {}

  std::string mutate(std::string text) {
    for (std::size_t edits = 1 + below(8); edits > 0; --edits) edit(text);
    return text;
  }

 private:
  std::size_t below(std::size_t bound) { return random_() % bound; }

  void edit(std::string& text) {
    static const std::vector<std::string> kPieces = {"[",
                                                     "]",
                                                     "{",
                                                     "}",
                                                     "\"",
                                                     "=",
                                                     "\n",
                                                     ".",
                                                     "'''",
                                                     "[[",
                                                     "\\u0000",
                                                     "-1",
                                                     "1e999",
                                                     "nan",
                                                     "9223372036854775808",
                                                     "[link]",
                                                     "[set.link.dr]",
                                                     "tls",
                                                     "\xff",
                                                     "1979-05-27",
                                                     "true",
                                                     ",",
                                                     "#",
                                                     "a.b.c.d = 1\n"};
    const std::size_t at = below(text.size() + 1);
    switch (below(5)) {
      case 0:
        text.insert(at, kPieces[below(kPieces.size())]);
        break;
      case 1:
        text.erase(at, below(20));
        break;
      case 2:
        if (at < text.size()) text[at] = static_cast<char>(random_());
        break;
      case 3:
        text.insert(at, text.substr(below(text.size() + 1), below(60)));
        break;
      case 4:
        if (below(40) == 0) text.resize(at);
        break;
    }
  }

  std::mt19937 random_;
};

using Mutation = ConfigCase;

TEST_F(Mutation, NeverCrashesAndAlwaysAnswers) {
  // Without its comments the reference would hardly ever be hit where it matters.
  std::string base{kSmallest};
  base +=
      "target = \"db:5432\"\ngroup = \"vm1\"\napplied_check = [\"/bin/true\"]\nprotocol = "
      "\"drbd\"\n"
      "[node]\nname = \"a\"\nhttp = \"127.0.0.1:9917\"\nio = \"epoll\"\nstop_timeout = \"5s\"\n"
      "[group.vm1]\nshare = \"8MiB\"\n[link.b]\nconnect = [\"a:1\", \"b:2\"]\nlanes = 2\n"
      "compression = \"zstd:3\"\nbandwidth = \"1.5mbit\"\n[link.b.tls]\ncert = \"c\"\nkey = \"k\"\n"
      "ca = \"a\"\npeer_name = \"*\"\n[set.link.dr]\nmemlimit = \"2GiB\"\n";
  int good_count = 0;
  for (std::uint32_t seed = 1; seed <= 10'000; ++seed) {
    sources_.clear();
    text(Mutator(seed).mutate(base));
    const auto result = parse();
    if (result) {
      ++good_count;
      EXPECT_FALSE(result->config.links.empty());
      continue;
    }
    ASSERT_FALSE(result.error().empty()) << seed;
    EXPECT_LE(result.error().size(), 20U);
    for (const ConfigError& error : result.error()) EXPECT_FALSE(to_string(error).empty());
  }
  EXPECT_GT(good_count, 100);  // it is not all rejected at the first bracket
  EXPECT_LT(good_count, 8'000);
}

TEST_F(Mutation, AnnotatedFileSurvivesEveryTruncation) {
  const std::string whole = render_annotated_file();
  for (std::size_t size = 0; size < whole.size(); size += 7) {
    sources_.clear();
    text(whole.substr(0, size));
    const auto result = parse();
    if (!result) {
      EXPECT_FALSE(result.error().empty());
    }
  }
}

TEST_F(Mutation, SavedSettingsNeverCrash) {
  const std::string base =
      update_saved_settings("", {"dr", "memlimit", "2GiB"}).value() + "compression = \"lz4\"\n";
  for (std::uint32_t seed = 1; seed <= 5'000; ++seed) {
    const auto text =
        update_saved_settings(Mutator(seed).mutate(base), {"dr", "bandwidth", "1mbit"});
    // What it writes it can read.
    if (!text) continue;
    EXPECT_TRUE(update_saved_settings(*text, {"b", "memlimit", "1GiB"}).has_value()) << *text;
  }
}

TEST_F(Mutation, DeepNestingIsRefused) {
  text("a = " + std::string(100'000, '[') + std::string(100'000, ']') + "\n");
  EXPECT_NE(errors().find("not valid TOML"), std::string::npos);
}

}  // namespace
}  // namespace longthrow
