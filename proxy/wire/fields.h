// SPDX-License-Identifier: Apache-2.0
// Little-endian fields: written to the back of a queue, read from the front of a view.
#pragma once

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>
#include <string_view>

#include "longthrow/bytes.h"

namespace longthrow::wire {

static_assert(std::endian::native == std::endian::little, "fields are copied, not swapped");

class FieldWriter {
 public:
  explicit FieldWriter(ByteQueue& out) : out_(out) {}

  template <typename Integer>
  void put(Integer value) {
    std::memcpy(out_.extend(sizeof value).data(), &value, sizeof value);
  }
  void put_bytes(ByteView bytes) { out_.append(bytes); }
  // u16 length, then at most `bytes_max` bytes of `text`.
  void put_text(std::string_view text, std::size_t bytes_max) {
    text = text.substr(0, bytes_max);
    put(static_cast<std::uint16_t>(text.size()));
    out_.append(std::as_bytes(std::span(text)));
  }

 private:
  ByteQueue& out_;
};

// Reads past the end give zeros and make ok() false for good: check once, at the end.
class FieldReader {
 public:
  explicit FieldReader(ByteView bytes) : bytes_(bytes) {}

  template <typename Integer>
  Integer get() {
    Integer value{};
    get_bytes(std::as_writable_bytes(std::span(&value, 1)));
    return value;
  }
  void get_bytes(ByteSpan into) {
    if (bytes_.size() < into.size()) {
      ok_ = false;
      bytes_ = {};
      std::ranges::fill(into, std::byte{0});
      return;
    }
    std::memcpy(into.data(), bytes_.data(), into.size());
    bytes_ = bytes_.subspan(into.size());
  }
  std::string get_text(std::size_t bytes_max) {
    const auto size = get<std::uint16_t>();
    if (size > bytes_max || size > bytes_.size()) {
      ok_ = false;
      bytes_ = {};
      return {};
    }
    std::string text(reinterpret_cast<const char*>(bytes_.data()), size);
    bytes_ = bytes_.subspan(size);
    return text;
  }
  // A count of items that take at least `item_bytes` each; 0 (and not ok) when it cannot be true.
  std::size_t get_count(std::size_t items_max, std::size_t item_bytes) {
    const std::size_t count = get<std::uint16_t>();
    if (count > items_max || count * item_bytes > bytes_.size()) ok_ = false;
    return ok_ ? count : 0;
  }
  [[nodiscard]] bool ok() const { return ok_; }
  // Whether all was read and nothing is left over.
  [[nodiscard]] bool complete() const { return ok_ && bytes_.empty(); }

 private:
  ByteView bytes_;
  bool ok_ = true;
};

}  // namespace longthrow::wire
