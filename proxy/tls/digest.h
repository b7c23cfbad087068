// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "longthrow/bytes.h"

namespace longthrow {

// The first 8 bytes of SHA-256 over `label` and `bytes`, in groups: "3f2a-91c0-77de-0b12". For
// people to compare; never a secret itself.
[[nodiscard]] std::string short_digest(std::string_view label, ByteView bytes);

}  // namespace longthrow
