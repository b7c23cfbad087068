// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "longthrow/codec.h"

namespace longthrow {
namespace {

std::string parsed(std::string_view text) {
  const auto setting = parse_compression(text);
  return setting ? to_string(*setting) : "error: " + setting.error().message;
}

TEST(Compression, EveryFormIsReadAndWrittenAlike) {
  for (const char* text : {"auto", "none", "lz4", "zstd:-7", "zstd:-1", "zstd:1", "zstd:19"}) {
    EXPECT_EQ(parsed(text), text);
  }
}

TEST(Compression, BareZstdIsLevelThreeAndSoIsItsZero) {
  EXPECT_EQ(parsed("zstd"), "zstd:3");
  EXPECT_EQ(parsed("zstd:0"), "zstd:3");
}

TEST(Compression, CaseDoesNotMatter) {
  EXPECT_EQ(parsed("AUTO"), "auto");
  EXPECT_EQ(parsed("Lz4"), "lz4");
  EXPECT_EQ(parsed("ZStd:-3"), "zstd:-3");
}

TEST(Compression, AutomaticAndFixedAreDifferentSettings) {
  EXPECT_TRUE(parse_compression("auto")->automatic);
  EXPECT_FALSE(parse_compression("none")->automatic);
  EXPECT_EQ(parse_compression("zstd:5")->fixed, (CodecSpec{CodecId::zstd, 5}));
}

TEST(Compression, BadLevelsSayTheRange) {
  for (const char* text : {"zstd:", "zstd:20", "zstd:-8", "zstd:3x", "zstd:+3", "zstd: 3",
                           "zstd:99999999999999999999", "zstd:1.5"}) {
    EXPECT_NE(parsed(text).find("from -7 (fastest) to 19"), std::string::npos) << text;
    EXPECT_NE(parsed(text).find(text), std::string::npos) << text;
  }
}

TEST(Compression, UnknownWordsSayTheChoices) {
  for (const char* text : {"", "gzip", "zstd3", "zstd-3", " lz4", "automatic"}) {
    EXPECT_NE(parsed(text).find("auto, none, lz4, zstd"), std::string::npos) << text;
  }
}

TEST(Compression, LevelOfLz4IsExplained) {
  EXPECT_NE(parsed("lz4:9").find("lz4 has no level"), std::string::npos);
}

}  // namespace
}  // namespace longthrow
