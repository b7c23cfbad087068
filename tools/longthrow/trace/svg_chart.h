// SPDX-License-Identifier: Apache-2.0
// Lines over civil time as SVG, by themselves or within a page. What is drawn is so little that a
// library for it would be larger than this file. Nothing in it asks for anything outside of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace longthrow::cli {

enum class ChartUnit : std::uint8_t { bytes, seconds };

struct Chart {
  static constexpr std::size_t kPoints = 720;
  std::string title;
  ChartUnit unit = ChartUnit::seconds;
  std::int64_t from_wall = 0;  // seconds since 1970
  std::int64_t until_wall = 0;
  // Evenly over the time; nothing: not known.
  std::vector<std::optional<double>> values;
  struct Limit {
    double value = 0.0;
    std::string label;
  };
  std::vector<Limit> limits;  // lines across

  // Makes `values` empty, for put().
  void begin(std::int64_t from, std::int64_t until);
  // Keeps the largest value of each place.
  void put(std::int64_t from, double seconds, double value);
};

// Charts below each other.
[[nodiscard]] std::string svg_document(const std::vector<Chart>& charts);  // a file
[[nodiscard]] std::string svg_element(const std::vector<Chart>& charts);   // for a page
// Text within XML or HTML.
[[nodiscard]] std::string escaped(std::string_view text);

}  // namespace longthrow::cli
