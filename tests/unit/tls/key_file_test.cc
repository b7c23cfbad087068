// SPDX-License-Identifier: Apache-2.0
#include "proxy/tls/key_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/base/random.h"
#include "tests/unit/tls/site.h"

namespace longthrow {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string parse_error(std::string_view text) {
  const auto keys = parse_key_file(text, "dr.psk");
  return keys ? "" : keys.error().message;
}

TEST(KeyFile, ParsesKeysInOrderBetweenCommentsAndBlanks) {
  const auto keys = parse_key_file(
      "# current\n\n  " + key_line("a", 0xab) + "\r\n# next\n" + key_line("b.2@x", 2), "f");
  ASSERT_TRUE(keys) << keys.error().message;
  ASSERT_EQ(keys->size(), 2U);
  EXPECT_EQ(keys->at(0).identity, "a");
  EXPECT_EQ(keys->at(0).secret.view()[31], std::byte{0xab});
  EXPECT_EQ(keys->at(1).identity, "b.2@x");
}

TEST(KeyFile, LastLineNeedsNoNewline) {
  std::string line = key_line("a", 1);
  line.pop_back();
  EXPECT_EQ(parse_error(line), "");
}

TEST(KeyFile, ErrorsNameTheLine) {
  EXPECT_THAT(parse_error("#\nabc\n"), HasSubstr("dr.psk:2: expected identity:hex"));
  EXPECT_THAT(parse_error(key_line("a", 1) + ":00\n"),
              HasSubstr("dr.psk:2: the identity is empty"));
  EXPECT_THAT(parse_error("a:0011\n"), HasSubstr("dr.psk:1: the key has 4 hex digits; 64 are"));
  EXPECT_THAT(parse_error("a:" + std::string(130, '0')), HasSubstr("has 130 hex digits"));
  EXPECT_THAT(parse_error("a:" + std::string(65, '0')), HasSubstr("has 65 hex digits"));
  EXPECT_THAT(parse_error("a b:" + std::string(64, '0')), HasSubstr("visible ASCII"));
  EXPECT_THAT(parse_error(key_line(std::string(129, 'i'), 1)), HasSubstr("longer than 128"));
  EXPECT_THAT(parse_error(key_line("a", 1) + key_line("a", 2)),
              HasSubstr("dr.psk:2: the identity \"a\" is in the file twice"));
  EXPECT_THAT(parse_error("# nothing\n"), HasSubstr("dr.psk: it holds no key"));
}

TEST(KeyFile, ErrorsNeverQuoteTheKey) {
  const std::string error = parse_error("a:" + std::string(63, '7') + "x\n");
  EXPECT_THAT(error, HasSubstr("not a hex digit"));
  EXPECT_THAT(error, Not(HasSubstr("777")));
}

class KeyFileRights : public ::testing::Test {
 protected:
  std::string load_error() {
    const auto keys = load_key_file(file_);
    return keys ? "" : keys.error().message;
  }
  ScratchDir files_;
  std::string file_ = files_.write("dr.psk", key_line("a", 1));
};

TEST_F(KeyFileRights, OwnersFileIsRead) { EXPECT_EQ(load_error(), ""); }

TEST_F(KeyFileRights, AnyRightOfOthersIsRefused) {
  for (const mode_t others : {0040U, 0020U, 0004U, 0002U, 0001U, 0010U}) {
    ASSERT_EQ(::chmod(file_.c_str(), 0600U | others), 0);
    EXPECT_THAT(load_error(), HasSubstr("others than its owner can use it")) << others;
  }
}

TEST_F(KeyFileRights, ForeignOwnerIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  ASSERT_EQ(::chown(file_.c_str(), 12345, 12345), 0);
  EXPECT_THAT(load_error(), HasSubstr("it belongs to user 12345"));
}

TEST_F(KeyFileRights, WhatIsNoFileIsRefused) {
  file_ = files_.path("fifo");
  ASSERT_EQ(::mkfifo(file_.c_str(), 0600), 0);
  EXPECT_THAT(load_error(), HasSubstr("not a regular file"));
  file_ = files_.path("");
  EXPECT_THAT(load_error(), HasSubstr("not a regular file"));
  file_ = files_.path("missing");
  EXPECT_THAT(load_error(), ::testing::AllOf(HasSubstr("cannot open it: No such file"),
                                             HasSubstr("longthrow genkey -o")));
}

class KeyCredential : public KeyFileRights {
 protected:
  KeyCredential() {
    ::setenv("CREDENTIALS_DIRECTORY", files_.path("").c_str(), 1);
    file_ = "credential:dr.psk";
  }
  ~KeyCredential() override { ::unsetenv("CREDENTIALS_DIRECTORY"); }
  void set_mode(mode_t mode) const { EXPECT_EQ(::chmod(files_.path("dr.psk").c_str(), mode), 0); }
};

TEST_F(KeyCredential, IsReadFromTheFolderOfTheService) {
  set_mode(0400);
  EXPECT_EQ(load_error(), "");
}

TEST_F(KeyCredential, TheMaskOfAnAclIsNoRightOfOthers) {
  set_mode(0440);
  EXPECT_EQ(load_error(), "");
  set_mode(0444);
  EXPECT_THAT(load_error(), HasSubstr("everybody can use it"));
}

TEST_F(KeyCredential, OneThatTheUnitLacksIsNamed) {
  file_ = "credential:other";
  EXPECT_THAT(load_error(), HasSubstr("credential:other: the unit has no credential of this name"));
}

TEST_F(KeyCredential, WithoutAServiceManagerItIsSaid) {
  ::unsetenv("CREDENTIALS_DIRECTORY");
  EXPECT_THAT(load_error(), HasSubstr("CREDENTIALS_DIRECTORY is not set"));
}

TEST_F(KeyFileRights, HugeFilesAreRefused) {
  files_.write("dr.psk", std::string(kMiB + 1, '#'));
  EXPECT_THAT(load_error(), HasSubstr("too large"));
}

TEST_F(KeyFileRights, NewFileIsPrivateAndLoads) {
  SystemRandom random;
  const std::string path = files_.path("new.psk");
  const mode_t old_mask = ::umask(0);
  const auto written = write_new_key_file(path, "site-a", random);
  ::umask(old_mask);
  ASSERT_TRUE(written) << written.error().message;
  const auto keys = load_key_file(path);
  ASSERT_TRUE(keys) << keys.error().message;
  EXPECT_EQ(keys->front().identity, "site-a");
  EXPECT_EQ(keys->front().secret.size(), kKeyBytes);
}

TEST_F(KeyFileRights, NewFileNeverReplacesAnother) {
  SystemRandom random;
  EXPECT_THAT(write_new_key_file(file_, "b", random).error().message, HasSubstr("exists already"));
  EXPECT_EQ(load_key_file(file_)->front().identity, "a");
  EXPECT_FALSE(write_new_key_file(files_.path("x"), "a:b", random));
}

TEST(KeyFingerprint, TellsKeysApartAndIgnoresTheIdentity) {
  const auto keys = parse_key_file(key_line("a", 1) + key_line("b", 2) + key_line("c", 1), "f");
  ASSERT_TRUE(keys);
  EXPECT_EQ(fingerprint(keys->at(0)), fingerprint(keys->at(2)));
  EXPECT_NE(fingerprint(keys->at(0)), fingerprint(keys->at(1)));
}

TEST(KeyFingerprint, StaysTheSameBetweenReleases) {
  const auto keys = parse_key_file(key_line("a", 1), "f");
  EXPECT_EQ(fingerprint(keys->front()), "0de7-16ea-a0a2-603f");
}

}  // namespace
}  // namespace longthrow
