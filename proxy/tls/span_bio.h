// SPDX-License-Identifier: Apache-2.0
// A BIO that reads from the caller's span and writes to the back of the caller's queue.
#pragma once

#include "longthrow/bytes.h"
#include "proxy/tls/ossl.h"

namespace longthrow {

// What the BIO works on during one call into OpenSSL. `in` shrinks as it is read; an empty `in` is
// "retry later", never the end of the stream.
struct SpanBioEnds {
  ByteView in;
  ByteQueue* out = nullptr;
};

// `ends` outlives the BIO.
[[nodiscard]] BioPtr make_span_bio(SpanBioEnds& ends);

}  // namespace longthrow
