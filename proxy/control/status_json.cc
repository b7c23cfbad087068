// SPDX-License-Identifier: Apache-2.0
#include "proxy/control/status_json.h"

#include "proxy/control/status_objects.h"

namespace longthrow::control {

json::object status_to_json(const Status& status) { return write_rows(status); }

Status status_from_json(const json::object& in) {
  Status status;
  read_rows(in, status);
  return status;
}

}  // namespace longthrow::control
