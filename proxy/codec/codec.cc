// SPDX-License-Identifier: Apache-2.0
// lz4 (block format) and zstd (one frame), each call on its own: no history is carried from frame
// to frame, so frames can be compressed in parallel and replayed in any order.
//
// Only the stable C interfaces are used (lz4 1.9, zstd 1.5.4). What a hostile payload may do:
// - lz4's block format has no header; LZ4_decompress_safe stays within both spans, whatever it is
//   given.
// - zstd's one-shot decoder writes straight into the caller's span and allocates nothing that
//   depends on the payload: a window size in the header matters to the streaming decoder alone.
//   But it also takes several frames in a row, skippable frames, and (as Debian builds it) the
//   formats of v0.5 to v0.7 with their old decoders. So the magic number and the extent of the
//   first frame are checked before it is called: exactly one frame of today's format, from the
//   first byte to the last.
// - A content size in the header is believed in no way; that it disagrees is only an early refusal.
#include "longthrow/codec.h"

#include <lz4.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>

#include "proxy/base/log.h"
#include "proxy/base/planted.h"

namespace longthrow {
namespace {

constexpr int kZstdLevelMin = -7;
constexpr int kZstdLevelMax = 19;
constexpr int kLz4Acceleration = 1;

struct ZstdDeleter {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

class LibraryCodecs final : public CodecContext {
 public:
  LibraryCodecs()
      : lz4_state_((static_cast<std::size_t>(LZ4_sizeofState()) + 7) / 8),
        zstd_compress_(ZSTD_createCCtx()),
        zstd_decompress_(ZSTD_createDCtx()) {
    LT_ASSERT(zstd_compress_ != nullptr && zstd_decompress_ != nullptr);
  }

  std::size_t compress(CodecSpec spec, ByteView raw, ByteSpan out) noexcept override {
    if (raw.empty() || out.size() < 2) return 0;
    // Strictly smaller than `out`: one byte less of room lets the codec give up early.
    out = out.first(out.size() - 1);
    switch (spec.id) {
      case CodecId::none:
        return 0;
      case CodecId::lz4:
        if (planted(Plant::last_byte_left_off)) raw = raw.first(raw.size() - 1);
        return compress_lz4(raw, out);
      case CodecId::zstd:
        return compress_zstd(spec.level, raw, out);
    }
    return 0;
  }

  Result<void> decompress(CodecId id, ByteView payload, ByteSpan raw) override {
    switch (id) {
      case CodecId::none:
        return copy(payload, raw);
      case CodecId::lz4:
        return decompress_lz4(payload, raw);
      case CodecId::zstd:
        return decompress_zstd(payload, raw);
    }
    return fail(format("frame with unknown codec {}", static_cast<int>(id)));
  }

 private:
  std::size_t compress_lz4(ByteView raw, ByteSpan out) noexcept {
    if (raw.size() > LZ4_MAX_INPUT_SIZE) return 0;
    const std::size_t room = std::min<std::size_t>(out.size(), LZ4_MAX_INPUT_SIZE);
    const int size = LZ4_compress_fast_extState(
        lz4_state_.data(), reinterpret_cast<const char*>(raw.data()),
        reinterpret_cast<char*>(out.data()), static_cast<int>(raw.size()), static_cast<int>(room),
        kLz4Acceleration);
    return size > 0 ? static_cast<std::size_t>(size) : 0;
  }

  std::size_t compress_zstd(int level, ByteView raw, ByteSpan out) noexcept {
    ZSTD_CCtx* context = zstd_compress_.get();
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel,
                           std::clamp(level, kZstdLevelMin, kZstdLevelMax));
    // Tables are sized for `raw`: its length is pledged by this call.
    const std::size_t size =
        ZSTD_compress2(context, out.data(), out.size(), raw.data(), raw.size());
    return ZSTD_isError(size) ? 0 : size;  // no room, or no memory: store
  }

  static Result<void> copy(ByteView payload, ByteSpan raw) {
    if (payload.size() != raw.size()) {
      return fail(format("stored frame has {} bytes instead of {}", payload.size(), raw.size()));
    }
    if (!raw.empty()) std::memcpy(raw.data(), payload.data(), raw.size());
    return {};
  }

  static Result<void> decompress_lz4(ByteView payload, ByteSpan raw) {
    if (payload.size() > LZ4_MAX_INPUT_SIZE || raw.size() > LZ4_MAX_INPUT_SIZE) {
      return fail("lz4 frame is larger than the format allows");
    }
    std::byte nothing{};  // lz4 wants an address even for no bytes
    const int size = LZ4_decompress_safe(
        reinterpret_cast<const char*>(payload.empty() ? &nothing : payload.data()),
        reinterpret_cast<char*>(raw.empty() ? &nothing : raw.data()),
        static_cast<int>(payload.size()), static_cast<int>(raw.size()));
    if (size < 0) return fail("lz4 frame is damaged");
    return check_size("lz4", static_cast<std::size_t>(size), raw);
  }

  Result<void> decompress_zstd(ByteView payload, ByteSpan raw) {
    constexpr unsigned char kMagic[4] = {0x28, 0xb5, 0x2f, 0xfd};
    static_assert(ZSTD_MAGICNUMBER == 0xfd2fb528);
    if (payload.size() < sizeof(kMagic) ||
        std::memcmp(payload.data(), kMagic, sizeof(kMagic)) != 0) {
      return fail("zstd frame without its magic number");
    }
    const std::size_t extent = ZSTD_findFrameCompressedSize(payload.data(), payload.size());
    if (ZSTD_isError(extent)) return fail("zstd frame is cut short or damaged");
    if (extent != payload.size()) return fail("zstd frame is followed by other bytes");
    const unsigned long long claimed = ZSTD_getFrameContentSize(payload.data(), payload.size());
    if (claimed == ZSTD_CONTENTSIZE_ERROR) return fail("zstd frame has a damaged header");
    if (claimed != ZSTD_CONTENTSIZE_UNKNOWN && claimed != raw.size()) {
      return fail(format("zstd frame claims {} bytes instead of {}", claimed, raw.size()));
    }
    const std::size_t size = ZSTD_decompressDCtx(zstd_decompress_.get(), raw.data(), raw.size(),
                                                 payload.data(), payload.size());
    if (ZSTD_isError(size)) return fail(format("zstd frame: {}", ZSTD_getErrorName(size)));
    return check_size("zstd", size, raw);
  }

  static Result<void> check_size(std::string_view codec, std::size_t size, ByteSpan raw) {
    if (size == raw.size()) return {};
    return fail(format("{} frame has {} raw bytes instead of {}", codec, size, raw.size()));
  }

  std::vector<std::uint64_t> lz4_state_;
  std::unique_ptr<ZSTD_CCtx, ZstdDeleter> zstd_compress_;
  std::unique_ptr<ZSTD_DCtx, ZstdDeleter> zstd_decompress_;
};

}  // namespace

std::unique_ptr<CodecContext> make_codec_context() { return std::make_unique<LibraryCodecs>(); }

}  // namespace longthrow
