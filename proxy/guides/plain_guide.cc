// SPDX-License-Identifier: Apache-2.0
#include "proxy/guides/plain_guide.h"

namespace longthrow {

std::unique_ptr<StreamGuide> PlainRoute::guide(StreamHost& host, Opener) {
  return std::make_unique<PlainStream>(std::static_pointer_cast<PlainRoute>(shared_from_this()),
                                       host);
}

// The encryption of an open channel. If no open channel has said enough, that of the last channel
// that had.
std::string_view PlainRoute::inner_encryption() const {
  bool any_plain = false;
  for (const PlainStream* stream : streams_) {
    if (stream->host_.leg_closed()) continue;
    const InnerEncryption::Kind kind = stream->inner_.kind();
    if (const std::string_view name = to_string(kind); !name.empty()) return name;
    any_plain = any_plain || kind == InnerEncryption::Kind::none;
  }
  return any_plain ? std::string_view() : to_string(last_judged_);
}

PlainStream::PlainStream(std::shared_ptr<PlainRoute> route, StreamHost& host)
    : route_(std::move(route)), host_(host) {
  route_->streams_.push_back(this);
}

void PlainStream::on_given(ByteView bytes, TimePoint) {
  if (inner_.kind() != InnerEncryption::Kind::undecided) return;
  inner_.on_bytes(bytes);
  if (inner_.kind() != InnerEncryption::Kind::undecided) route_->last_judged_ = inner_.kind();
}

void PlainStream::retire() {
  std::erase(route_->streams_, this);
  route_.reset();
}

}  // namespace longthrow
