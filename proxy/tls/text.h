// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace longthrow {

// What a peer sent, as it may be written to a log: visible ASCII, other bytes and quotes as \xNN,
// cut at 128 bytes.
[[nodiscard]] std::string printable(std::string_view foreign);

}  // namespace longthrow
