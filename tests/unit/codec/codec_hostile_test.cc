// SPDX-License-Identifier: Apache-2.0
// Payloads that a peer could send to do harm. Whatever they say, exactly raw.size() bytes come out,
// or an error; and nothing is written behind them (here a canary sees it, under AddressSanitizer
// the heap).
#include <gtest/gtest.h>
#include <zstd.h>

#include "longthrow/codec.h"
#include "tests/unit/codec/sample_data.h"

namespace longthrow {
namespace {

constexpr CodecId kIds[] = {CodecId::none, CodecId::lz4, CodecId::zstd};

class HostilePayload : public ::testing::Test {
 protected:
  static constexpr std::byte kCanary{0xa5};

  Bytes compress(CodecSpec spec, const Bytes& raw) {
    if (spec.id == CodecId::none) return raw;
    Bytes out(raw.size() + 1024);
    out.resize(codecs_->compress(spec, raw, out));
    EXPECT_FALSE(out.empty());
    return out;
  }
  Result<void> decompress(CodecId id, ByteView payload, std::size_t size) {
    Bytes exact(payload.begin(), payload.end());  // so that reading behind it is seen too
    exact.shrink_to_fit();
    out_.assign(size + 64, kCanary);
    auto done = codecs_->decompress(id, exact, ByteSpan(out_).first(size));
    for (std::size_t i = size; i < out_.size(); ++i) EXPECT_EQ(out_[i], kCanary);
    Bytes tight(size);
    EXPECT_EQ(codecs_->decompress(id, exact, tight).has_value(), done.has_value());
    out_.resize(size);
    return done;
  }
  // What the library's own one-shot compressor makes, without our rules.
  static Bytes library_frame(const Bytes& raw) {
    Bytes out(ZSTD_compressBound(raw.size()));
    out.resize(ZSTD_compress(out.data(), out.size(), raw.data(), raw.size(), 1));
    return out;
  }
  // A frame without a content size, as a streaming sender makes it.
  static Bytes stream_frame(const Bytes& raw, int window_log) {
    ZSTD_CCtx* context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
    ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
    Bytes out(ZSTD_compressBound(raw.size()) + 64);
    ZSTD_inBuffer in{raw.data(), raw.size(), 0};
    ZSTD_outBuffer sink{out.data(), out.size(), 0};
    EXPECT_EQ(ZSTD_compressStream2(context, &sink, &in, ZSTD_e_end), 0u);
    ZSTD_freeCCtx(context);
    out.resize(sink.pos);
    return out;
  }
  std::unique_ptr<CodecContext> codecs_ = make_codec_context();
  Bytes out_;
};

TEST_F(HostilePayload, EveryTruncationIsAnError) {
  const Bytes raw = text_bytes(3000);
  for (const CodecId id : kIds) {
    const Bytes payload = compress({id, id == CodecId::zstd ? 3 : 0}, raw);
    for (std::size_t size = 0; size < payload.size(); ++size) {
      ASSERT_FALSE(decompress(id, ByteView(payload).first(size), raw.size())) << size;
    }
    ASSERT_TRUE(decompress(id, payload, raw.size()));
    EXPECT_EQ(out_, raw);
  }
}

TEST_F(HostilePayload, ClaimOfAnyOtherSizeIsAnError) {
  const Bytes raw = text_bytes(3000);
  for (const CodecId id : kIds) {
    const Bytes payload = compress({id, id == CodecId::zstd ? 3 : 0}, raw);
    for (const std::size_t size : {0ul, 1ul, 2999ul, 3001ul, 6000ul, 262144ul}) {
      ASSERT_FALSE(decompress(id, payload, size)) << size;
    }
  }
}

TEST_F(HostilePayload, AppendedBytesAreAnError) {
  const Bytes raw = text_bytes(3000);
  for (const CodecId id : kIds) {
    Bytes payload = compress({id, id == CodecId::zstd ? 3 : 0}, raw);
    payload.push_back(std::byte{0});
    EXPECT_FALSE(decompress(id, payload, raw.size())) << static_cast<int>(id);
  }
}

TEST_F(HostilePayload, MutationsNeverEscapeTheirBounds) {
  std::mt19937 random(20260131);
  for (const Bytes& raw : {text_bytes(20'000), zero_bytes(20'000), random_bytes(300)}) {
    for (const CodecSpec spec : {CodecSpec{CodecId::lz4, 0}, CodecSpec{CodecId::zstd, -5},
                                 CodecSpec{CodecId::zstd, 3}, CodecSpec{CodecId::zstd, 12}}) {
      const Bytes payload = compress(spec, raw);
      for (int round = 0; round < 1500; ++round) {
        Bytes mutated = payload;
        for (unsigned flips = 1 + random() % 4; flips > 0; --flips) {
          mutated[random() % mutated.size()] = static_cast<std::byte>(random());
        }
        if (random() % 4 == 0) mutated.resize(random() % mutated.size());
        static_cast<void>(decompress(spec.id, mutated, random() % 2 == 0 ? raw.size() : 777));
      }
    }
  }
  const Bytes raw = text_bytes(5000);  // the context is as good as new
  ASSERT_TRUE(decompress(CodecId::zstd, compress({CodecId::zstd, 3}, raw), raw.size()));
  EXPECT_EQ(out_, raw);
}

TEST_F(HostilePayload, PureNoiseIsAnError) {
  for (std::uint32_t seed = 0; seed < 2000; ++seed) {
    const Bytes noise = random_bytes(1 + seed % 300, seed);
    EXPECT_FALSE(decompress(CodecId::zstd, noise, 4096));
    static_cast<void>(decompress(CodecId::lz4, noise, 4096));
  }
}

TEST_F(HostilePayload, ZstdBombWritesNoMoreThanWasAnnounced) {
  const Bytes bomb = library_frame(zero_bytes(64 * kMiB));
  ASSERT_LT(bomb.size(), 16 * kKiB);
  EXPECT_FALSE(decompress(CodecId::zstd, bomb, 256 * kKiB));
  const Bytes silent_bomb = stream_frame(zero_bytes(8 * kMiB), 17);
  EXPECT_FALSE(decompress(CodecId::zstd, silent_bomb, 256 * kKiB));
}

TEST_F(HostilePayload, ZstdFrameWithoutContentSizeIsTakenWhenItsLengthIsRight) {
  const Bytes raw = text_bytes(100'000);
  const Bytes payload = stream_frame(raw, 27);  // claims a window of 128 MiB: nothing is allocated
  ASSERT_TRUE(decompress(CodecId::zstd, payload, raw.size()));
  EXPECT_EQ(out_, raw);
  EXPECT_FALSE(decompress(CodecId::zstd, payload, raw.size() + 1));
  EXPECT_FALSE(decompress(CodecId::zstd, payload, raw.size() - 1));
}

TEST_F(HostilePayload, SeveralZstdFramesInARowAreAnError) {
  const Bytes half = text_bytes(1500);
  Bytes two = library_frame(half);
  const Bytes second = library_frame(half);
  two.insert(two.end(), second.begin(), second.end());
  EXPECT_FALSE(decompress(CodecId::zstd, two, 3000));
  EXPECT_FALSE(decompress(CodecId::zstd, two, 1500));
}

TEST_F(HostilePayload, SkippableZstdFramesAreAnError) {
  Bytes skippable(8 + 100);
  const std::uint32_t header[2] = {0x184D2A50, 100};
  std::memcpy(skippable.data(), header, sizeof(header));
  EXPECT_FALSE(decompress(CodecId::zstd, skippable, 100));
  const Bytes raw = text_bytes(1500);
  const Bytes frame = library_frame(raw);
  Bytes before = skippable;
  before.insert(before.end(), frame.begin(), frame.end());
  EXPECT_FALSE(decompress(CodecId::zstd, before, raw.size()));
  Bytes after = frame;
  after.insert(after.end(), skippable.begin(), skippable.end());
  EXPECT_FALSE(decompress(CodecId::zstd, after, raw.size()));
}

TEST_F(HostilePayload, OldZstdFormatsAreNotTouched) {
  for (unsigned version = 1; version <= 7; ++version) {
    Bytes old = random_bytes(200, version);
    const std::uint32_t magic = version == 1 ? 0x1EB52FFD : 0xFD2FB520 + version;
    std::memcpy(old.data(), &magic, sizeof(magic));
    const auto done = decompress(CodecId::zstd, old, 1000);
    ASSERT_FALSE(done);
    EXPECT_NE(done.error().message.find("magic"), std::string::npos);
  }
}

TEST_F(HostilePayload, UnknownCodecIsAnErrorThatNamesIt) {
  const auto done = decompress(static_cast<CodecId>(77), text_bytes(10), 10);
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().message.find("77"), std::string::npos);
}

}  // namespace
}  // namespace longthrow
