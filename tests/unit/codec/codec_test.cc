// SPDX-License-Identifier: Apache-2.0
#include "longthrow/codec.h"

#include <gtest/gtest.h>

#include "tests/unit/codec/sample_data.h"

namespace longthrow {
namespace {

constexpr CodecSpec kLz4{CodecId::lz4, 0};
CodecSpec zstd(int level) { return {CodecId::zstd, level}; }

class CodecTest : public ::testing::Test {
 protected:
  // Empty when the codec says: store it.
  Bytes compress(CodecSpec spec, const Bytes& raw, std::size_t room) {
    Bytes out(room);
    out.resize(codecs_->compress(spec, raw, out));
    return out;
  }
  Bytes compress(CodecSpec spec, const Bytes& raw) { return compress(spec, raw, raw.size()); }
  Bytes decompress(CodecId id, const Bytes& payload, std::size_t size) {
    Bytes raw(size);
    const auto done = codecs_->decompress(id, payload, raw);
    EXPECT_TRUE(done) << done.error().message;
    return raw;
  }
  std::unique_ptr<CodecContext> codecs_ = make_codec_context();
};

TEST_F(CodecTest, EveryCodecAndLevelGivesBackWhatItTook) {
  const Bytes raw = text_bytes(256 * kKiB);
  for (int level = -7; level <= 19; ++level) {
    const Bytes payload = compress(zstd(level), raw);
    ASSERT_FALSE(payload.empty()) << level;
    ASSERT_EQ(decompress(CodecId::zstd, payload, raw.size()), raw) << level;
  }
  const Bytes payload = compress(kLz4, raw);
  ASSERT_FALSE(payload.empty());
  EXPECT_EQ(decompress(CodecId::lz4, payload, raw.size()), raw);
}

TEST_F(CodecTest, ContextsAreReusedBetweenCodecsLevelsAndSizes) {
  for (int i = 0; i < 200; ++i) {
    const std::size_t size = 100 + static_cast<std::size_t>(i) * 997;
    const Bytes raw = i % 3 == 0 ? zero_bytes(size) : text_bytes(size, static_cast<unsigned>(i));
    const CodecSpec spec = i % 2 == 0 ? kLz4 : zstd(i % 9 - 3);
    const Bytes payload = compress(spec, raw);
    ASSERT_FALSE(payload.empty());
    ASSERT_EQ(decompress(spec.id, payload, size), raw);
  }
}

TEST_F(CodecTest, HigherLevelsCompressText) {
  const Bytes raw = text_bytes(256 * kKiB);
  const std::size_t lz4 = compress(kLz4, raw).size();
  const std::size_t zstd3 = compress(zstd(3), raw).size();
  EXPECT_LT(lz4, raw.size() * 6 / 10);
  EXPECT_LT(zstd3, lz4);
  EXPECT_LT(compress(zstd(19), raw).size(), zstd3);
}

TEST_F(CodecTest, RandomBytesAreToBeStored) {
  const Bytes raw = random_bytes(256 * kKiB);
  for (const CodecSpec spec : {kLz4, zstd(-7), zstd(3), zstd(19)}) {
    EXPECT_TRUE(compress(spec, raw).empty()) << to_string(spec);
  }
}

TEST_F(CodecTest, NoneIsAlwaysToBeStoredAndCopiesBack) {
  const Bytes raw = text_bytes(1000);
  EXPECT_TRUE(compress({CodecId::none, 0}, raw).empty());
  EXPECT_EQ(decompress(CodecId::none, raw, raw.size()), raw);
}

TEST_F(CodecTest, ResultMustBeStrictlySmallerThanTheRoom) {
  const Bytes raw = text_bytes(64 * kKiB);
  for (const CodecSpec spec : {kLz4, zstd(1)}) {
    const std::size_t size = compress(spec, raw).size();
    // Next to the limit a codec may give up although its result would just fit.
    EXPECT_EQ(compress(spec, raw, size + 256).size(), size) << to_string(spec);
    EXPECT_TRUE(compress(spec, raw, size).empty()) << to_string(spec);
    EXPECT_TRUE(compress(spec, raw, 1).empty()) << to_string(spec);
    EXPECT_TRUE(compress(spec, raw, 0).empty()) << to_string(spec);
  }
}

TEST_F(CodecTest, SmallestFramesAreStoredOrComeBack) {
  for (std::size_t size = 0; size < 64; ++size) {
    const Bytes raw = zero_bytes(size);
    for (const CodecSpec spec : {kLz4, zstd(1)}) {
      const Bytes payload = compress(spec, raw);
      if (!payload.empty()) {
        ASSERT_EQ(decompress(spec.id, payload, size), raw);
      }
    }
  }
}

TEST_F(CodecTest, LevelsBeyondTheRangeAreClamped) {
  const Bytes raw = text_bytes(64 * kKiB);
  EXPECT_EQ(compress(zstd(-100), raw), compress(zstd(-7), raw));
  EXPECT_EQ(compress(zstd(22), raw), compress(zstd(19), raw));
}

TEST_F(CodecTest, OutputDoesNotDependOnWhatWasCompressedBefore) {
  const Bytes raw = text_bytes(64 * kKiB, 5);
  const Bytes fresh = compress(zstd(3), raw);
  static_cast<void>(compress(zstd(3), text_bytes(200 * kKiB, 6)));
  static_cast<void>(compress(zstd(3), random_bytes(200 * kKiB)));
  EXPECT_EQ(compress(zstd(3), raw), fresh);
}

}  // namespace
}  // namespace longthrow
