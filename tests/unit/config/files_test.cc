// SPDX-License-Identifier: Apache-2.0
// The edges: reading the files of a configuration, and writing 90-set.toml.
#include <stdlib.h>

#include "proxy/config/saved_settings.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/config/config_case.h"

namespace longthrow {
namespace {

const std::string kNamed = "[node]\nname = \"alpha\"\n";

class ConfigFiles : public ConfigCase {
 protected:
  void SetUp() override { folder_.write("longthrow.toml", kNamed + kSmallest); }
  LoadResult load() { return load_config(folder_ / "longthrow.toml"); }
  Config loaded() {
    auto result = load();
    if (!result) ADD_FAILURE() << joined(result.error());
    return result ? result->config : Config{};
  }
  std::string load_errors() {
    auto result = load();
    return result ? "" : joined(result.error());
  }
  void save(const std::string& key, const std::string& value) {
    const auto result = save_setting(folder_ / "longthrow.toml", {"dr", key, value});
    EXPECT_TRUE(result.has_value()) << result.error().message;
  }
  TempDir folder_;
};

TEST_F(ConfigFiles, MainFileAlone) { EXPECT_EQ(loaded().node.name, "alpha"); }

TEST_F(ConfigFiles, FoldersOfTheServiceManagerAreTakenFromItsVariables) {
  ::setenv("RUNTIME_DIRECTORY", "/run/longthrow/a:/run/other", 1);
  ::setenv("STATE_DIRECTORY", "/var/lib/longthrow/a", 1);
  const NodeConfig node = loaded().node;
  ::unsetenv("RUNTIME_DIRECTORY");
  ::unsetenv("STATE_DIRECTORY");
  EXPECT_EQ(node.control, "/run/longthrow/a/control.sock");
  EXPECT_EQ(node.state_dir, "/var/lib/longthrow/a");
}

TEST_F(ConfigFiles, MissingMainFileIsNamed) {
  std::filesystem::remove(folder_ / "longthrow.toml");
  EXPECT_EQ(load_errors(), (folder_ / "longthrow.toml").string() +
                               ": cannot be read: No such file or directory\n");
}

TEST_F(ConfigFiles, DirectoryIsNoFile) {
  std::filesystem::create_directories(folder_ / "conf.d/10.toml");
  EXPECT_NE(load_errors().find("conf.d/10.toml: not a regular file"), std::string::npos);
}

TEST_F(ConfigFiles, ConfDIsReadInNameOrder) {
  folder_.write("conf.d/20.toml", "[group.zzz]\n");
  folder_.write("conf.d/10.toml", "[group.yyy]\n");
  folder_.write("conf.d/.hidden.toml", "broken");
  folder_.write("conf.d/notes.txt", "broken");
  const std::string all = load_errors();
  EXPECT_LT(all.find("10.toml:1: group.yyy"), all.find("20.toml:1: group.zzz")) << all;
}

TEST_F(ConfigFiles, HugeFileIsRefused) {
  folder_.write("conf.d/10.toml", std::string(kMiB + 1, '#'));
  EXPECT_NE(load_errors().find("larger than 1 MiB"), std::string::npos);
}

TEST_F(ConfigFiles, SavedSettingOverridesTheMainFile) {
  save("memlimit", "2G");
  save("compression", "zstd:5");
  save("memlimit", "3GiB");
  EXPECT_EQ(loaded().links["dr"].memlimit, 3 * kGiB);
  EXPECT_EQ(to_string(loaded().links["dr"].compression), "zstd:5");
}

TEST_F(ConfigFiles, SavingReplacesAtomicallyAndLeavesNothingElse) {
  folder_.write("conf.d/90-set.toml.new", "left by a crash");
  save("bandwidth", "10mbit");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "conf.d/90-set.toml.new"));
  EXPECT_EQ(loaded().links["dr"].bandwidth_bytes_s, 1'250'000U);
}

TEST_F(ConfigFiles, FailedSaveKeepsTheOldFile) {
  folder_.write("conf.d/90-set.toml", "[link.dr]\n");
  const auto result = save_setting(folder_ / "longthrow.toml", {"dr", "memlimit", "2GiB"});
  ASSERT_FALSE(result.has_value());
  EXPECT_NE(result.error().message.find("more than [set.link.NAME]"), std::string::npos);
  EXPECT_EQ(read_text(folder_ / "conf.d/90-set.toml"), "[link.dr]\n");
}

using SavedSettings = ConfigCase;

TEST_F(SavedSettings, FirstSettingMakesTheTable) {
  const std::string text = update_saved_settings("", {"dr", "memlimit", "2048M"}).value();
  EXPECT_TRUE(text.ends_with("\n[set.link.\"dr\"]\nmemlimit = \"2GiB\"\n")) << text;
}
TEST_F(SavedSettings, OtherSettingsStay) {
  std::string text = update_saved_settings("", {"dr", "memlimit", "2GiB"}).value();
  text = update_saved_settings(text, {"b.c", "bandwidth", "1mbit"}).value();
  text = update_saved_settings(text, {"dr", "compression", "lz4"}).value();
  EXPECT_TRUE(
      text.ends_with("\n[set.link.\"b.c\"]\nbandwidth = \"1mbit\"\n"
                     "\n[set.link.\"dr\"]\ncompression = \"lz4\"\nmemlimit = \"2GiB\"\n"))
      << text;
}
TEST_F(SavedSettings, BadKeysAndValuesAreRefused) {
  for (const SavedSetting& bad :
       {SavedSetting{"dr", "memlimit", "1MiB"}, SavedSetting{"dr", "lanes", "2"},
        SavedSetting{"a b", "memlimit", "2GiB"},
        SavedSetting{"dr", "compression", "x\"\n[node]"}}) {
    EXPECT_FALSE(update_saved_settings("", bad).has_value()) << bad.link << bad.key << bad.value;
  }
}
TEST_F(SavedSettings, BrokenFileIsNotOverwritten) {
  EXPECT_FALSE(update_saved_settings("[set", {"dr", "memlimit", "2GiB"}).has_value());
}
TEST_F(SavedSettings, OverrideWorksInAnyOrderOfFiles) {
  file("/etc/a.toml", "[set.link.dr]\nmemlimit = \"2GiB\"\n");
  file("/etc/b.toml", kSmallest);
  EXPECT_EQ(good_link().memlimit, 2 * kGiB);
}
TEST_F(SavedSettings, OverrideIsCheckedLikeTheKey) {
  smallest_and("[set.link.dr]\nmemlimit = \"2MiB\"\n");
  expect_error("/etc/main.toml:8: set.link.dr.memlimit: ", "a size from \"16MiB\"");
}
TEST_F(SavedSettings, OtherKeysCannotBeOverridden) {
  smallest_and("[set.link.dr]\nlisten = \"192.0.2.1:1\"\n");
  expect_error("/etc/main.toml:8: set.link.dr.listen: ", "memlimit, compression, bandwidth");
}
TEST_F(SavedSettings, OverrideOfARemovedLinkIsWarnedOf) {
  smallest_and("[set.link.old]\nmemlimit = \"2GiB\"\n");
  EXPECT_NE(warnings().find("/etc/main.toml:8: set.link.old: there is no [link.old]"),
            std::string::npos);
}
TEST_F(SavedSettings, OverrideOfTwoFilesIsRefused) {
  smallest_and("[set.link.dr]\n");
  file("/etc/conf.d/x.toml", "[set.link.dr]\n");
  expect_error("/etc/conf.d/x.toml:1: set.link.dr: ", "/etc/main.toml:7");
}

}  // namespace
}  // namespace longthrow
