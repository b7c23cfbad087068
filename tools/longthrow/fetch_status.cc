// SPDX-License-Identifier: Apache-2.0
#include "tools/longthrow/fetch_status.h"

#include "tools/longthrow/json_fields.h"

namespace longthrow::cli {

Result<json::object> fetch_status(const std::string& control, std::chrono::milliseconds silence) {
  Result<json::object> answer = ask(control, {{"command", "status"}}, silence);
  if (!answer) return answer;
  const json::value* status = answer->if_contains("status");
  if (status == nullptr || !status->is_object()) return fail(text_at(*answer, "message"));
  return status->get_object();
}

}  // namespace longthrow::cli
