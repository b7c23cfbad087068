// SPDX-License-Identifier: Apache-2.0
#include "bench/block_writer/block_data.h"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace longthrow {
namespace {

constexpr std::size_t kExtentBytes = 32 * kKiB;
constexpr std::string_view kWords[] = {
    "order",   "customer", "paid",     "shipped",  "Berlin", "invoice",  "pending", "account",
    "Wien",    "priority", "normal",   "urgent",   "stock",  "returned", "Madrid",  "carrier",
    "balance", "credit",   "refund",   "discount", "Oslo",   "street",   "contact", "warehouse",
    "item",    "quantity", "reserved", "delivery", "Lyon",   "supplier", "amount",  "note"};
static_assert(std::size(kWords) == 32);

// SplitMix64: https://prng.di.unimi.it/splitmix64.c (public domain).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

 private:
  std::uint64_t state_;
};

// Appends to a span and cuts what is too much.
class Writer {
 public:
  explicit Writer(ByteSpan out) : out_(out) {}
  [[nodiscard]] bool full() const { return used_ == out_.size(); }
  void put(std::string_view text) {
    const std::size_t size = std::min(text.size(), out_.size() - used_);
    std::memcpy(out_.data() + used_, text.data(), size);
    used_ += size;
  }
  void put_number(std::uint64_t number, int digits) {
    char text[20];
    for (int i = digits - 1; i >= 0; --i, number /= 10) {
      text[i] = static_cast<char>('0' + number % 10);
    }
    put({text, static_cast<std::size_t>(digits)});
  }

 private:
  ByteSpan out_;
  std::size_t used_ = 0;
};

}  // namespace

void fill_records(ByteSpan out, std::uint64_t seed) {
  Random random(seed);
  Writer writer(out);
  std::uint64_t key = random.next() % 1'000'000;
  while (!writer.full()) {
    std::uint64_t dice = random.next();
    writer.put_number(++key, 8);
    writer.put("|2026-");
    writer.put_number(1 + dice % 12, 2);
    for (int words = 0; words < 7; ++words, dice >>= 5) {
      writer.put("|");
      writer.put(kWords[dice % 32]);
    }
    writer.put("|");
    writer.put_number(random.next() % 100'000, 5);
    writer.put("\n");
  }
}

void fill_random(ByteSpan out, std::uint64_t seed) {
  Random random(seed);
  for (std::size_t i = 0; i < out.size(); i += sizeof(std::uint64_t)) {
    const std::uint64_t word = random.next();
    std::memcpy(out.data() + i, &word, std::min(sizeof(word), out.size() - i));
  }
}

void fill_block_data(ByteSpan out, std::uint64_t seed) {
  Random random(seed);
  while (!out.empty()) {
    const ByteSpan extent = out.first(std::min(kExtentBytes, out.size()));
    const std::uint64_t kind = random.next() % 100;
    const std::uint64_t extent_seed = random.next();
    if (kind < 35) {
      std::memset(extent.data(), 0, extent.size());
    } else if (kind < 80) {
      fill_records(extent, extent_seed);
    } else {
      fill_random(extent, extent_seed);
    }
    out = out.subspan(extent.size());
  }
}

BlockStream::BlockStream(std::uint64_t size_bytes, std::uint64_t seed)
    : size_(size_bytes), pool_(std::min<std::uint64_t>(size_bytes, kPoolBytesMax)) {
  fill_block_data(pool_, seed);
}

ByteView BlockStream::at(std::uint64_t offset, std::size_t bytes) {
  const std::uint64_t round = offset / kPoolBytesMax;
  const auto begin = static_cast<std::size_t>(offset % kPoolBytesMax);
  bytes = static_cast<std::size_t>(
      std::min({std::uint64_t{bytes}, size_ - offset, std::uint64_t{pool_.size() - begin}}));
  if (round == 0) return ByteView(pool_).subspan(begin, bytes);
  const ByteView source = ByteView(pool_).subspan(begin, bytes);
  stamped_.assign(source.begin(), source.end());
  // The round, as one byte in each page that begins in here.
  const std::size_t to_page = (kDataPageBytes - begin % kDataPageBytes) % kDataPageBytes;
  for (std::size_t i = to_page; i < bytes; i += kDataPageBytes) {
    stamped_[i] ^= static_cast<std::byte>(round);
  }
  return stamped_;
}

}  // namespace longthrow
