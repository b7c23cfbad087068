// SPDX-License-Identifier: Apache-2.0
// What a newcomer copies out of the README and the page on installing holds together.
#include <filesystem>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/temp_dir.h"
#include "tests/unit/config/config_case.h"

namespace longthrow {
namespace {

const std::filesystem::path kRoot = LONGTHROW_SOURCE_DIR;

std::set<std::string> matches(const std::string& text, const char* pattern) {
  std::set<std::string> found;
  const std::regex regex(pattern);
  for (std::sregex_iterator at(text.begin(), text.end(), regex), end; at != end; ++at) {
    found.insert(at->str());
  }
  return found;
}

TEST(Readme, OneKeyFileHasOneName) {
  std::string all = read_text(kRoot / "README.md");
  for (const char* example : {"primary.toml", "standby.toml"}) {
    all += read_text(kRoot / "conf/examples/postgresql" / example);
  }
  EXPECT_EQ(matches(all, "/etc/longthrow/[A-Za-z0-9._-]+[.]psk"),
            std::set<std::string>{"/etc/longthrow/dr.psk"});
}

TEST(Readme, FilesThatItNamesAreThere) {
  const auto named = matches(read_text(kRoot / "README.md") + read_text(kRoot / "docs/INSTALL.md"),
                             "\\b(conf|man|docs)/[A-Za-z0-9_./-]*[A-Za-z0-9/]");
  EXPECT_GT(named.size(), 15U);
  for (const std::string& name : named) {
    if (name.starts_with("man/man")) continue;  // where they are installed
    EXPECT_TRUE(std::filesystem::exists(kRoot / name)) << name;
  }
}

// libpq would encrypt by itself, and nothing would compress.
TEST(Readme, EveryConnectionThroughARouteIsPlainInside) {
  std::size_t seen = 0;
  for (const char* file :
       {"docs/INSTALL.md", "docs/POSTGRESQL.md", "conf/examples/postgresql/standby.toml"}) {
    std::istringstream lines(read_text(kRoot / file));
    for (std::string line; std::getline(lines, line);) {
      if (line.find("host=127.0.0.1 port=5433") == std::string::npos) continue;
      ++seen;
      EXPECT_NE(line.find("sslmode=disable gssencmode=disable"), std::string::npos) << line;
    }
  }
  EXPECT_EQ(seen, 5U);
}

// The blocks of TOML in a page.
std::vector<std::string> files_in(const char* page) {
  const std::string text = read_text(kRoot / page);
  std::vector<std::string> files;
  for (std::size_t at = 0; (at = text.find("```toml\n", at)) != std::string::npos;) {
    at += 8;
    files.push_back(text.substr(at, text.find("```", at) - at));
  }
  return files;
}

// tests/e2e/test_init.py asks that `longthrow init` writes just those of docs/INSTALL.md.
TEST(Readme, ItsTwoFilesAndThoseOfThePageOnInstallingLoadWithoutAWarning) {
  for (const char* page : {"README.md", "docs/INSTALL.md"}) {
    const std::vector<std::string> files = files_in(page);
    EXPECT_EQ(files.size(), 2U) << page;
    for (const std::string& file : files) {
      const auto result = parse_config({{page, file}}, "host");
      ASSERT_TRUE(result.has_value()) << to_string(result.error().front());
      EXPECT_TRUE(result->warnings.empty()) << page;
    }
  }
}

}  // namespace
}  // namespace longthrow
