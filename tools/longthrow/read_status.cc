// SPDX-License-Identifier: Apache-2.0
#include "tools/longthrow/read_status.h"

#include "proxy/control/status_json.h"
#include "tools/longthrow/human.h"

namespace longthrow::cli {
namespace {

json::value made_printable(const json::value& in) {
  if (in.is_string()) return json::value(printable(in.get_string()));
  if (in.is_array()) {
    json::array out;
    for (const json::value& entry : in.get_array()) out.push_back(made_printable(entry));
    return out;
  }
  if (!in.is_object()) return in;
  json::object out;
  for (const auto& entry : in.get_object())
    out[printable(entry.key())] = made_printable(entry.value());
  return out;
}

}  // namespace

Status read_status(const json::object& in) {
  return control::status_from_json(made_printable(in).get_object());
}

}  // namespace longthrow::cli
