// SPDX-License-Identifier: Apache-2.0
// The terminal: lines out, keys in.
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "longthrow/error.h"
#include "tools/longthrow/top/line.h"

namespace longthrow::cli {

enum class Key : std::uint8_t { none, quit, up, down, page_up, page_down, first, last, resized };

class Screen {
 public:
  enum class Colours : std::uint8_t { no, yes };
  // Takes the terminal over until it is destroyed. Fails where its type is not known. There is one
  // at a time.
  [[nodiscard]] static Result<std::unique_ptr<Screen>> open(Colours colours);
  virtual ~Screen() = default;

  struct Size {
    std::size_t width = 0;
    std::size_t height = 0;
  };
  [[nodiscard]] virtual Size size() const = 0;
  virtual void show(const std::vector<Line>& lines) = 0;
  // The next key, or none after `most`. Keys without a meaning are none.
  [[nodiscard]] virtual Key wait_key(std::chrono::milliseconds most) = 0;
};

// Whether the locale's characters are UTF-8. Sets the locale of characters from the environment.
[[nodiscard]] bool locale_is_utf8();

}  // namespace longthrow::cli
