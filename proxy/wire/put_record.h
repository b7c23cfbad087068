// SPDX-License-Identifier: Apache-2.0
// Writes a whole record.
#pragma once

#include "proxy/wire/fields.h"
#include "proxy/wire/records.h"

namespace longthrow::wire {

// Writes a record header, lets `write_body` append the body, then fills in its size.
template <typename WriteBody>
void put_record(RecordType type, ByteQueue& out, WriteBody write_body) {
  ByteQueue body;
  FieldWriter writer(body);
  write_body(writer);
  FieldWriter header(out);
  header.put(static_cast<std::uint8_t>(type));
  header.put(std::uint8_t{0});
  header.put(std::uint16_t{0});
  header.put(static_cast<std::uint32_t>(body.size()));
  out.append(body.view());
}

}  // namespace longthrow::wire
