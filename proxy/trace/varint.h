// SPDX-License-Identifier: Apache-2.0
// Numbers of variable length (7 bits a byte, the lowest first), and columns of them as differences.
// Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace longthrow::trace {

void put_number(std::string& out, std::uint64_t value);
void put_signed(std::string& out, std::int64_t value);
void put_text(std::string& out, std::string_view text);
// Each value at most kValueMax of block.h.
void put_column(std::string& out, const std::vector<std::uint64_t>& values);

// Takes from the front of bytes. After the first thing that cannot be understood it is bad, and
// gives zeros.
class NumberReader {
 public:
  explicit NumberReader(std::string_view bytes) : bytes_(bytes) {}

  [[nodiscard]] std::uint64_t number();
  // Bad if it is larger.
  [[nodiscard]] std::uint64_t number_up_to(std::uint64_t most);
  [[nodiscard]] std::int64_t signed_number();
  [[nodiscard]] std::string text(std::size_t bytes_max);
  [[nodiscard]] std::vector<std::uint64_t> column(std::size_t count);

  [[nodiscard]] bool bad() const { return bad_; }
  // Everything was taken, and nothing was bad.
  [[nodiscard]] bool ended_well() const { return !bad_ && bytes_.empty(); }

 private:
  std::uint64_t fail();

  std::string_view bytes_;
  bool bad_ = false;
};

}  // namespace longthrow::trace
