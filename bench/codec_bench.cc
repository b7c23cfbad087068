// SPDX-License-Identifier: Apache-2.0
// One frame of 256 KiB after the other through each codec, by kind of data.
#include <benchmark/benchmark.h>

#include <string>

#include "bench/block_writer/block_data.h"
#include "longthrow/codec.h"
#include "proxy/codec/incompressible.h"
#include "proxy/codec/ladder.h"

namespace longthrow {
namespace {

constexpr std::size_t kFrameBytes = 256 * kKiB;
constexpr std::size_t kDataBytes = 32 * kMiB;  // more than the caches hold

enum class Kind { records, blocks, random, zeros };
constexpr const char* kKindNames[] = {"records", "blocks", "random", "zeros"};

const std::vector<std::byte>& data_of(Kind kind) {
  static std::vector<std::byte> data[4];
  std::vector<std::byte>& bytes = data[static_cast<int>(kind)];
  if (bytes.empty()) {
    bytes.resize(kDataBytes);
    if (kind == Kind::records) fill_records(bytes, 1);
    if (kind == Kind::blocks) fill_block_data(bytes, 1);
    if (kind == Kind::random) fill_random(bytes, 1);
  }
  return bytes;
}

class Frames {
 public:
  explicit Frames(Kind kind) : data_(data_of(kind)) {}
  ByteView next() {
    const ByteView frame = data_.subspan(offset_, kFrameBytes);
    offset_ = (offset_ + kFrameBytes) % kDataBytes;
    return frame;
  }

 private:
  ByteView data_;
  std::size_t offset_ = 0;
};

void compress(benchmark::State& state, CodecSpec spec, Kind kind) {
  const auto codecs = make_codec_context();
  std::vector<std::byte> out(kFrameBytes);
  Frames frames(kind);
  std::size_t raw = 0;
  std::size_t sent = 0;
  for ([[maybe_unused]] auto _ : state) {
    const std::size_t size = codecs->compress(spec, frames.next(), out);
    benchmark::DoNotOptimize(out.data());
    raw += kFrameBytes;
    sent += size == 0 ? kFrameBytes : size;
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(raw));
  state.counters["out_per_raw"] = static_cast<double>(sent) / static_cast<double>(raw);
}

void decompress(benchmark::State& state, CodecSpec spec, Kind kind) {
  const auto codecs = make_codec_context();
  std::vector<std::vector<std::byte>> payloads;
  Frames frames(kind);
  for (std::size_t i = 0; i < kDataBytes / kFrameBytes; ++i) {
    std::vector<std::byte> out(kFrameBytes);
    out.resize(codecs->compress(spec, frames.next(), out));
    if (!out.empty()) payloads.push_back(std::move(out));
  }
  if (payloads.empty()) return state.SkipWithError("nothing compresses");
  std::vector<std::byte> raw(kFrameBytes);
  std::size_t i = 0;
  for ([[maybe_unused]] auto _ : state) {
    if (!codecs->decompress(spec.id, payloads[i++ % payloads.size()], raw)) {
      return state.SkipWithError("not decompressed");
    }
    benchmark::DoNotOptimize(raw.data());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(i * kFrameBytes));
}

void sample(benchmark::State& state, Kind kind) {
  Frames frames(kind);
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(looks_random(frames.next()));
}

const bool kRegistered = [] {
  for (const Kind kind : {Kind::records, Kind::blocks, Kind::random, Kind::zeros}) {
    const std::string kind_name = kKindNames[static_cast<int>(kind)];
    for (const CodecSpec spec : Ladder::kSpecs) {
      if (spec.id == CodecId::none) continue;
      const std::string name = to_string(spec) + "/" + kind_name;
      benchmark::RegisterBenchmark(("compress/" + name).c_str(), compress, spec, kind);
      if (kind == Kind::random) continue;
      benchmark::RegisterBenchmark(("decompress/" + name).c_str(), decompress, spec, kind);
    }
    benchmark::RegisterBenchmark(("looks_random/" + kind_name).c_str(), sample, kind);
  }
  return true;
}();

}  // namespace
}  // namespace longthrow
