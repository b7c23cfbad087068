// SPDX-License-Identifier: Apache-2.0
// A finding and its numbers as one sentence.
#pragma once

#include <string>

#include "proxy/explain/explain.h"
#include "proxy/explain/finding.h"

namespace longthrow::explain {

enum class About : std::uint8_t { link, group };

// What the finding means for the source. `full`: the link's buffer is.
enum class BufferIs : std::uint8_t { open, full };
[[nodiscard]] Effect effect_of(const Finding& finding, const Numbers& numbers, BufferIs buffer);

[[nodiscard]] std::string sentence(const Finding& finding, Effect effect, const Numbers& numbers,
                                   About about);

}  // namespace longthrow::explain
