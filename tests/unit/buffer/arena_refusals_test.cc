// SPDX-License-Identifier: Apache-2.0
#include <optional>

#include "proxy/buffer/refusals.h"
#include "tests/unit/buffer/arena_fixture.h"

namespace longthrow {
namespace {

class RefuseKind final : public Refusals {
 public:
  bool refuses(MemoryRequest request) override {
    ++asked;
    return request == kind;
  }
  std::optional<MemoryRequest> kind;
  int asked = 0;
};

class ArenaRefusals : public ArenaTest {
 protected:
  void SetUp() override {
    ArenaTest::SetUp();
    arena_->set_refusals(&refusals_);
  }
  RefuseKind refusals_;
};

TEST_F(ArenaRefusals, EachKindOfRequestIsRefusedByItself) {
  const auto bytes = pattern(5000, 1);
  for (const MemoryRequest kind :
       {MemoryRequest::staging, MemoryRequest::sent_frame, MemoryRequest::received_frame}) {
    refusals_.kind = kind;
    EXPECT_EQ(arena_->take_staging().valid(), kind != MemoryRequest::staging);
    EXPECT_EQ(arena_->store(Share::send, bytes).has_value(), kind != MemoryRequest::sent_frame);
    EXPECT_EQ(arena_->store(Share::receive, bytes).has_value(),
              kind != MemoryRequest::received_frame);
  }
}

TEST_F(ArenaRefusals, ASlabThatMayNotBeKeptStaysWithItsCaller) {
  Slab slab = arena_->take_staging();
  refusals_.kind = MemoryRequest::sent_frame;
  EXPECT_FALSE(arena_->keep(slab, kSlabBytes));
  EXPECT_TRUE(slab.valid());
  refusals_.kind.reset();
  EXPECT_TRUE(arena_->keep(slab, kSlabBytes));
}

TEST_F(ArenaRefusals, WhatIsRefusedCostsNothing) {
  const std::size_t room = send_room();
  refusals_.kind = MemoryRequest::sent_frame;
  EXPECT_FALSE(arena_->store(Share::send, pattern(5000, 1)));
  EXPECT_EQ(send_room(), room);
}

TEST_F(ArenaRefusals, NobodyIsAskedForWhatTheAccountDoesNotHave) {
  fill(Share::receive, kSlabBytes);
  const int before = refusals_.asked;
  EXPECT_FALSE(arena_->store(Share::receive, pattern(kSlabBytes, 1)));
  EXPECT_EQ(refusals_.asked, before);
}

}  // namespace
}  // namespace longthrow
