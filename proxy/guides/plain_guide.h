// SPDX-License-Identifier: Apache-2.0
// Guides for routes of protocol tcp. They look at the bytes only to find encryption inside.
#pragma once

#include <vector>

#include "proxy/guides/inner_encryption.h"
#include "proxy/guides/route_guide.h"

namespace longthrow {

class PlainStream;

class PlainRoute final : public RouteGuide {
 public:
  void configure(const RouteConfig&) override {}
  void forget_past() override { last_judged_ = InnerEncryption::Kind::undecided; }
  [[nodiscard]] std::unique_ptr<StreamGuide> guide(StreamHost& host, Opener opener) override;
  [[nodiscard]] std::string_view inner_encryption() const override;

 private:
  friend class PlainStream;

  std::vector<const PlainStream*> streams_;  // oldest first
  InnerEncryption::Kind last_judged_{};
};

class PlainStream final : public StreamGuide {
 public:
  PlainStream(std::shared_ptr<PlainRoute> route, StreamHost& host);
  ~PlainStream() override {
    if (route_ != nullptr) retire();
  }
  void on_given(ByteView bytes, TimePoint now) override;
  void retire() override;

 private:
  friend class PlainRoute;

  std::shared_ptr<PlainRoute> route_;
  StreamHost& host_;
  InnerEncryption inner_;
};

}  // namespace longthrow
