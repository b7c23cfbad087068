// SPDX-License-Identifier: Apache-2.0
// `longthrow init` in a folder of its own: files, rights, answers, refusals.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "proxy/control/json.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/longthrow/run_cli.h"

namespace longthrow::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
namespace fs = std::filesystem;

class Init : public ::testing::Test {
 protected:
  // The daemon's user, where there is one, must be able to read what is written there.
  Init() { fs::permissions(directory_.path(), static_cast<fs::perms>(0755)); }
  [[nodiscard]] std::string folder(const std::string& name = "here") const {
    return (directory_ / name).string();
  }
  [[nodiscard]] std::string file(const std::string& name) const { return folder() + "/" + name; }
  // init with what it needs, and `more`.
  CliResult init(std::vector<std::string> more = {}) const {
    std::vector<std::string> words{"init",         "--name",      "alpha",      "--peer",
                                   "beta",         "--address",   "192.0.2.1",  "--peer-address",
                                   "198.51.100.7", "--replicate", "postgresql", "--memlimit",
                                   "64MiB",        "--directory", folder()};
    words.insert(words.end(), more.begin(), more.end());
    return run_cli(words);
  }
  static unsigned mode(const std::string& path) {
    struct stat found{};
    return ::stat(path.c_str(), &found) == 0 ? found.st_mode & 07777U : 0;
  }
  // What somebody types at a terminal.
  CliResult typed(const std::string& lines, std::vector<std::string> words) const {
    std::istringstream in(lines);
    std::vector<const char*> argv{"longthrow"};
    words.insert(words.end(), {"--directory", folder()});
    for (const std::string& word : words) argv.push_back(word.c_str());
    std::ostringstream out;
    std::ostringstream err;
    const int code = cli::run(static_cast<int>(argv.size()), argv.data(),
                              {.out = out, .err = err, .answers = &in});
    return {code, out.str(), err.str()};
  }

  TempDir directory_;
};

TEST_F(Init, WritesConfigurationKeyAndTheFileForTheOtherSite) {
  const CliResult result = init();
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(read_text(file("longthrow.toml")), HasSubstr("[link.beta]"));
  EXPECT_EQ(mode(file("longthrow.toml")), 0644U);
  EXPECT_EQ(mode(file("alpha-beta.psk")), 0600U);
  EXPECT_EQ(mode(file("beta.join")), 0600U);
  EXPECT_THAT(result.out, HasSubstr("longthrow init --join beta.join"));
  EXPECT_THAT(result.out, HasSubstr("ip saddr != 198.51.100.7 drop"));
}

TEST_F(Init, NeverShowsTheKey) {
  const CliResult result = init();
  const CliResult as_json = init({"--force", "--json"});
  const std::string key = read_text(file("alpha-beta.psk"));
  const std::string secret = key.substr(key.find(':') + 1, 16);
  EXPECT_THAT(result.out + as_json.out, Not(HasSubstr(secret)));
  EXPECT_THAT(read_text(file("beta.join")), HasSubstr(secret));
}

TEST_F(Init, TheOtherSiteJoins) {
  ASSERT_EQ(init().code, 0);
  const CliResult result =
      run_cli({"init", "--join", file("beta.join"), "--directory", folder("there")});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(read_text(folder("there") + "/longthrow.toml"), HasSubstr("name     = \"beta\""));
  EXPECT_EQ(read_text(folder("there") + "/alpha-beta.psk"), read_text(file("alpha-beta.psk")));
  EXPECT_EQ(mode(folder("there") + "/alpha-beta.psk"), 0600U);
  EXPECT_THAT(result.out, HasSubstr("port=5433"));
  EXPECT_THAT(result.out, HasSubstr("primary_conninfo"));
}

TEST_F(Init, TheLongestNamesWillDo) {
  const std::string here(64, 'a');
  const std::string there = "." + std::string(63, 'b');
  EXPECT_EQ(run_cli({"init", "--name", here, "--peer", there, "--address", "192.0.2.1",
                     "--replicate", "postgresql", "--memlimit", "64MiB", "--directory", folder()})
                .code,
            0);
  const CliResult result =
      run_cli({"init", "--join", file(there + ".join"), "--directory", folder("there")});
  EXPECT_EQ(result.code, 0) << result.err;
}

TEST_F(Init, TheOtherSiteMayHaveLessMemory) {
  ASSERT_EQ(init().code, 0);
  ASSERT_EQ(run_cli({"init", "--join", file("beta.join"), "--directory", folder("there"),
                     "--memlimit", "32MiB"})
                .code,
            0);
  EXPECT_THAT(read_text(folder("there") + "/longthrow.toml"), HasSubstr("memlimit = \"32MiB\""));
  EXPECT_EQ(run_cli({"init", "--join", file("beta.join"), "--directory", folder("x"), "--memlimit",
                     "1MiB"})
                .code,
            1);
}

TEST_F(Init, ABundleThatOthersMayReadIsRefused) {
  ASSERT_EQ(init().code, 0);
  ASSERT_EQ(::chmod(file("beta.join").c_str(), 0644), 0);
  const CliResult result =
      run_cli({"init", "--join", file("beta.join"), "--directory", folder("there")});
  EXPECT_EQ(result.code, 1);
  EXPECT_FALSE(fs::exists(folder("there")));
}

TEST_F(Init, ABundleThatIsNotWholeIsRefused) {
  ASSERT_EQ(init().code, 0);
  fs::resize_file(file("beta.join"), fs::file_size(file("beta.join")) - 3);
  const CliResult result =
      run_cli({"init", "--join", file("beta.join"), "--directory", folder("there")});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("carry it over again"));
  EXPECT_FALSE(fs::exists(folder("there")));
}

TEST_F(Init, NothingThatIsThereIsOverwrittenWithoutForce) {
  for (const char* name : {"longthrow.toml", "alpha-beta.psk", "beta.join"}) {
    fs::remove_all(folder());
    fs::create_directories(folder());
    std::ofstream(file(name)) << "mine";
    const CliResult result = init();
    EXPECT_EQ(result.code, 1) << name;
    EXPECT_THAT(result.err, HasSubstr("--force")) << name;
    EXPECT_EQ(read_text(file(name)), "mine");
    EXPECT_EQ(std::distance(fs::directory_iterator(folder()), {}), 1) << "nothing else was written";
  }
}

TEST_F(Init, ForceKeepsABackupOfEach) {
  ASSERT_EQ(init().code, 0);
  const std::string key = read_text(file("alpha-beta.psk"));
  const CliResult result = init({"--force"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_NE(read_text(file("alpha-beta.psk")), key);
  int backups = 0;
  bool kept = false;
  for (const auto& entry : fs::directory_iterator(folder())) {
    const std::string name = entry.path().filename();
    backups += name.ends_with("Z") ? 1 : 0;
    if (name.starts_with("alpha-beta.psk.")) {
      kept = read_text(entry.path()) == key && mode(entry.path().string()) == 0600U;
    }
  }
  EXPECT_EQ(backups, 3);
  EXPECT_TRUE(kept);
}

TEST_F(Init, ADryRunWritesNothingAndShowsBothFiles) {
  const CliResult result = init({"--dry-run"});
  EXPECT_EQ(result.code, 0);
  EXPECT_FALSE(fs::exists(folder()));
  EXPECT_THAT(result.out, HasSubstr("[link.beta]"));
  EXPECT_THAT(result.out, HasSubstr("[link.alpha]"));
  EXPECT_THAT(result.out, HasSubstr("a secret: not shown"));
}

TEST_F(Init, JsonIsForScripts) {
  const CliResult result = init({"--json"});
  ASSERT_EQ(result.code, 0) << result.err;
  const json::value report = json::parse(result.out);
  EXPECT_EQ(report.at("bundle").as_string(), file("beta.join"));
  EXPECT_EQ(report.at("join_command").as_string(), "sudo longthrow init --join beta.join");
  EXPECT_EQ(report.at("files").as_array().size(), 3U);
  EXPECT_TRUE(report.at("written").as_bool());
  EXPECT_EQ(report.at("fingerprint").as_string().size(), 19U);
}

TEST_F(Init, BadFlagsExitWith2AndWriteNothing) {
  const std::vector<std::vector<std::string>> wrong{
      {"init"},
      {"init", "--name", "alpha"},
      {"init", "--name", "a b", "--peer", "b", "--address", "192.0.2.1", "--replicate",
       "postgresql"},
      {"init", "--name", "a", "--peer", "a", "--address", "192.0.2.1", "--replicate", "postgresql"},
      {"init", "--name", "a", "--peer", "b", "--replicate", "postgresql"},
      {"init", "--name", "a", "--peer", "b", "--address", "192.0.2.1"},
      {"init", "--name", "a", "--peer", "b", "--address", "192.0.2.1", "--replicate", "nfs"},
      {"init", "--name", "a", "--peer", "b", "--address", "192.0.2.1", "--replicate", "postgresql",
       "--dials", "nobody"},
      {"init", "--name", "a", "--peer", "b", "--address", "192.0.2.1", "--replicate", "postgresql",
       "--memlimit", "1MiB"},
      {"init", "--name", "a", "--peer", "b", "--address", "192.0.2.1", "--replicate", "postgresql",
       "--bandwidth", "100"},
      {"init", "--name", "a", "--peer", "b", "--address", "192.0.2.1", "--replicate", "postgresql",
       "--outage", "10m"},
      {"init", "--name", "a", "--peer", "b", "--address", "192.0.2.1", "--replicate",
       "drbd:r0:7788", "--server", "here"},
      {"init", "--join", "x", "--peer", "b"},
  };
  for (auto words : wrong) {
    words.insert(words.end(), {"--directory", folder()});
    const CliResult result = run_cli(words);
    EXPECT_EQ(result.code, 2) << ::testing::PrintToString(words);
    EXPECT_FALSE(result.err.empty()) << ::testing::PrintToString(words);
    EXPECT_FALSE(fs::exists(folder()));
  }
}

TEST_F(Init, SomebodyAtATerminalIsAskedForAllOfIt) {
  const CliResult result =
      typed("alpha\nbeta\nboth\n192.0.2.1\n198.51.100.7\ndrbd:r0:7788 drbd:r1:7789\n1mbit\n\n\n",
            {"init"});
  EXPECT_EQ(result.code, 0) << result.err << result.out;
  const std::string text = read_text(file("longthrow.toml"));
  for (const char* part : {"listen   = \"192.0.2.1:7700\"", "connect  = \"198.51.100.7:7700\"",
                           "[route.r1]", "memlimit = \"128MiB\""})
    EXPECT_THAT(text, HasSubstr(part));
  EXPECT_THAT(result.out, HasSubstr("A buffer of 128MiB: 10m of"));
}

TEST_F(Init, AWrongAnswerIsSaidAndAskedAgain) {
  const CliResult result =
      typed("a b\nalpha\nbeta\npeer\n192.0.2.1\n\npostgresql\nhere\n\n64MiB\n", {"init"});
  EXPECT_EQ(result.code, 0) << result.err << result.out;
  EXPECT_THAT(result.out, HasSubstr("\"a b\" is no name"));
  EXPECT_THAT(read_text(file("longthrow.toml")), HasSubstr("name     = \"alpha\""));
}

TEST_F(Init, AnswersThatEndWriteNothing) {
  const CliResult result = typed("alpha\nbeta\n", {"init"});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("nothing was written"));
  EXPECT_FALSE(fs::exists(folder()));
}

TEST_F(Init, WhatIsAFlagIsNotAsked) {
  const CliResult result =
      typed("", {"init", "--name", "alpha", "--peer", "beta", "--dials", "here", "--peer-address",
                 "198.51.100.7", "--replicate", "drbd:r0:7788", "--memlimit", "64MiB"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, Not(HasSubstr("?")));
}

}  // namespace
}  // namespace longthrow::test
