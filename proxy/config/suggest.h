// SPDX-License-Identifier: Apache-2.0
// "did you mean": what somebody who mistyped a word probably meant.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace longthrow {

// The nearest of `known` if it is near enough to `word`, else "".
[[nodiscard]] std::string nearest(std::string_view word, std::span<const std::string> known);
// `; did you mean "KNOWN"?`, or "".
[[nodiscard]] std::string did_you_mean(std::string_view word, std::span<const std::string> known);

}  // namespace longthrow
