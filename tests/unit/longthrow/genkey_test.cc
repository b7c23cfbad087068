// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "proxy/control/json.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/longthrow/run_cli.h"

namespace longthrow::test {
namespace {

class Genkey : public ::testing::Test {
 protected:
  [[nodiscard]] std::string file() const { return directory_ / "dr.psk"; }
  [[nodiscard]] std::string content() const { return read_text(file()); }

  TempDir directory_;
};

TEST_F(Genkey, MakesAPrivateFileWithTheIdentity) {
  EXPECT_EQ(run_cli({"genkey", "-o", file(), "--identity", "dr-2026"}).code, 0);
  struct stat found{};
  ASSERT_EQ(::stat(file().c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 07777U, 0600U);
  EXPECT_TRUE(content().starts_with("dr-2026:"));
}

TEST_F(Genkey, ShowsTheFingerprintAndNeverTheKey) {
  const CliResult made = run_cli({"genkey", "-o", file()});
  const CliResult shown = run_cli({"genkey", "--fingerprint", file(), "--json"});
  const json::value keys = json::parse(shown.out).at("keys");
  const std::string mark(keys.at(0).at("fingerprint").as_string());
  EXPECT_NE(made.out.find(mark), std::string::npos);
  const std::string text = content();
  const std::string secret = text.substr(text.find(':') + 1, 64);
  EXPECT_EQ((made.out + shown.out).find(secret.substr(0, 16)), std::string::npos);
}

TEST_F(Genkey, NeverOverwrites) {
  run_cli({"genkey", "-o", file()});
  const std::string before = content();
  EXPECT_EQ(run_cli({"genkey", "-o", file()}).code, 1);
  EXPECT_EQ(content(), before);
}

TEST_F(Genkey, RefusesABadIdentity) {
  EXPECT_EQ(run_cli({"genkey", "-o", file(), "--identity", "a:b"}).code, 2);
  EXPECT_FALSE(std::filesystem::exists(file()));
}

TEST_F(Genkey, FingerprintOfNoFileExitsWith1) {
  EXPECT_EQ(run_cli({"genkey", "--fingerprint", file()}).code, 1);
}

}  // namespace
}  // namespace longthrow::test
