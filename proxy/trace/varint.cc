// SPDX-License-Identifier: Apache-2.0
#include "proxy/trace/varint.h"

#include "proxy/trace/block.h"

namespace longthrow::trace {
namespace {

constexpr int kBitsMax = 63;  // of the shift of the tenth byte

std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

}  // namespace

void put_number(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

void put_signed(std::string& out, std::int64_t value) { put_number(out, zigzag(value)); }

void put_text(std::string& out, std::string_view text) {
  put_number(out, text.size());
  out += text;
}

// A number that is odd stands for so many rows (its half) without a difference, an even one for a
// difference.
void put_column(std::string& out, const std::vector<std::uint64_t>& values) {
  std::uint64_t last = 0;
  std::uint64_t same = 0;
  const auto end_same = [&] {
    if (same > 0) put_number(out, (same << 1) | 1);
    same = 0;
  };
  for (const std::uint64_t value : values) {
    if (value == last) {
      ++same;
      continue;
    }
    end_same();
    const auto difference = static_cast<std::int64_t>(value) - static_cast<std::int64_t>(last);
    put_number(out, zigzag(difference) << 1);
    last = value;
  }
  end_same();
}

std::uint64_t NumberReader::fail() {
  bad_ = true;
  bytes_ = {};
  return 0;
}

std::uint64_t NumberReader::number() {
  std::uint64_t value = 0;
  for (int shift = 0; shift <= kBitsMax; shift += 7) {
    if (bytes_.empty()) return fail();
    const auto byte = static_cast<std::uint8_t>(bytes_.front());
    bytes_.remove_prefix(1);
    if (shift == kBitsMax && byte > 1) return fail();
    value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
  return fail();
}

std::uint64_t NumberReader::number_up_to(std::uint64_t most) {
  const std::uint64_t value = number();
  return value <= most ? value : fail();
}

std::int64_t NumberReader::signed_number() { return unzigzag(number()); }

std::string NumberReader::text(std::size_t bytes_max) {
  const std::uint64_t size = number_up_to(bytes_max);
  if (size > bytes_.size()) {
    (void)fail();
    return {};
  }
  std::string text(bytes_.substr(0, size));
  bytes_.remove_prefix(size);
  return text;
}

std::vector<std::uint64_t> NumberReader::column(std::size_t count) {
  std::vector<std::uint64_t> values;
  values.reserve(count);
  std::int64_t last = 0;
  while (values.size() < count && !bad_) {
    const std::uint64_t token = number();
    if ((token & 1) != 0) {
      const std::uint64_t same = token >> 1;
      if (same == 0 || same > count - values.size()) {
        (void)fail();
        break;
      }
      values.insert(values.end(), same, static_cast<std::uint64_t>(last));
      continue;
    }
    const std::int64_t difference = unzigzag(token >> 1);
    const auto most = static_cast<std::int64_t>(kValueMax);
    if (difference > most - last || difference < -last) {
      (void)fail();
      break;
    }
    last += difference;
    values.push_back(static_cast<std::uint64_t>(last));
  }
  values.resize(count);
  return values;
}

}  // namespace longthrow::trace
