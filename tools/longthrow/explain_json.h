// SPDX-License-Identifier: Apache-2.0
// An explanation as JSON, for scripts: `longthrow explain --json`, a line of `longthrow top
// --json`. Its keys are a contract (longthrow(1)): they are added to, never renamed.
#pragma once

#include "proxy/control/json.h"
#include "proxy/explain/explain.h"

namespace longthrow::cli {

[[nodiscard]] json::object to_json(const explain::Verdict& verdict);
// {"links": {name: verdict}, "groups": {name: verdict}}
[[nodiscard]] json::object to_json(const explain::Explanation& explanation);

}  // namespace longthrow::cli
