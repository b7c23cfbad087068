// SPDX-License-Identifier: Apache-2.0
// A row of small columns, one for each value.
#pragma once

#include <deque>
#include <string>

namespace longthrow::cli {

enum class Glyphs : std::uint8_t { ascii, unicode };

// The newest `width` values, each as a part of the largest of these; zero has a mark of its own.
[[nodiscard]] std::string sparkline(const std::deque<double>& values, std::size_t width,
                                    Glyphs glyphs);

}  // namespace longthrow::cli
