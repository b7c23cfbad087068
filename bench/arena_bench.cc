// SPDX-License-Identifier: Apache-2.0
// What the arena adds to the copy itself.
#include <benchmark/benchmark.h>

#include <array>
#include <cstring>
#include <deque>

#include "bench/block_writer/block_data.h"
#include "proxy/buffer/arena.h"

namespace longthrow {
namespace {

constexpr std::size_t kLimit = 256 * kMiB;

std::unique_ptr<Arena> make_arena() { return std::move(*Arena::make({.limit_bytes = kLimit})); }

std::vector<std::byte> bytes_of(std::size_t size) {
  std::vector<std::byte> bytes(size);
  fill_random(bytes, 1);
  return bytes;
}

void set_bytes(benchmark::State& state, std::size_t size) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(size));
}

void copy_only(benchmark::State& state) {
  const auto source = bytes_of(static_cast<std::size_t>(state.range(0)));
  auto target = source;
  for ([[maybe_unused]] auto _ : state) {
    std::memcpy(target.data(), source.data(), source.size());
    benchmark::DoNotOptimize(target.data());
    benchmark::ClobberMemory();
  }
  set_bytes(state, source.size());
}
BENCHMARK(copy_only)->Arg(512)->Arg(4096)->Arg(65536)->Arg(262144);

void store_and_free(benchmark::State& state) {
  const auto arena = make_arena();
  const auto source = bytes_of(static_cast<std::size_t>(state.range(0)));
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(arena->store(Share::send, source));
  set_bytes(state, source.size());
}
BENCHMARK(store_and_free)->Arg(512)->Arg(4096)->Arg(65536)->Arg(262144);

// First in, first out with `range(1)` MiB queued, as frames wait for the peer.
void store_in_a_queue(benchmark::State& state) {
  const auto arena = make_arena();
  const auto source = bytes_of(static_cast<std::size_t>(state.range(0)));
  const std::size_t depth = static_cast<std::size_t>(state.range(1)) * kMiB / source.size();
  std::deque<Stored> queue;
  for ([[maybe_unused]] auto _ : state) {
    if (queue.size() == depth) queue.pop_front();
    queue.push_back(std::move(*arena->store(Share::send, source)));
  }
  set_bytes(state, source.size());
}
BENCHMARK(store_in_a_queue)->Args({65536, 1})->Args({65536, 128})->Args({262144, 128});

// Every second page is free, so that each page is a piece of its own.
void store_scattered(benchmark::State& state) {
  const auto arena = make_arena();
  const auto page = bytes_of(kPageBytes);
  std::vector<Stored> pages;
  while (auto stored = arena->store(Share::send, page)) pages.push_back(std::move(*stored));
  for (std::size_t i = 0; i < pages.size(); i += 2) pages[i].release();
  const auto source = bytes_of(static_cast<std::size_t>(state.range(0)));
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(arena->store(Share::send, source));
  set_bytes(state, source.size());
}
BENCHMARK(store_scattered)->Arg(65536)->Arg(262144);

void pieces(benchmark::State& state) {
  const auto arena = make_arena();
  const auto stored = arena->store(Share::send, bytes_of(kSlabBytes));
  std::array<ByteView, 16> views;
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(stored->pieces(0, views));
}
BENCHMARK(pieces);

void take_and_release_staging(benchmark::State& state) {
  const auto arena = make_arena();
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(arena->take_staging());
}
BENCHMARK(take_and_release_staging);

void take_and_keep(benchmark::State& state) {
  const auto arena = make_arena();
  for ([[maybe_unused]] auto _ : state) {
    Slab slab = arena->take_staging();
    benchmark::DoNotOptimize(arena->keep(slab, kSlabBytes));
  }
}
BENCHMARK(take_and_keep);

}  // namespace
}  // namespace longthrow
