// SPDX-License-Identifier: Apache-2.0
// Which control records may come on which lane.
#include <gtest/gtest.h>

#include "tests/unit/session/session_fixture.h"

namespace longthrow {
namespace {

class DispatchTest : public SessionTest {
 protected:
  // The body of `record` as it travels.
  template <typename Record>
  static std::vector<std::byte> body_of(const Record& record) {
    ByteQueue out;
    wire::encode(record, out);
    const ByteView body = out.view().subspan(wire::kRecordHeaderBytes);
    return {body.begin(), body.end()};
  }
  Result<void> comes(LaneKind lane, wire::RecordType type, ByteView body) {
    return alpha().on_control(now_, lane, type, body);
  }
};

TEST_F(DispatchTest, AHeartbeatMayComeOnAnyLane) {
  const auto body = body_of(wire::Heartbeat{.sent_at_ns = 1, .wall_ns = 2});
  EXPECT_TRUE(comes(LaneKind::express, wire::RecordType::heartbeat, body).has_value());
  EXPECT_TRUE(comes(LaneKind::bulk, wire::RecordType::heartbeat, body).has_value());
  const auto echo = body_of(wire::HeartbeatEcho{.sent_at_ns = 1});
  EXPECT_TRUE(comes(LaneKind::bulk, wire::RecordType::heartbeat_echo, echo).has_value());
}

TEST_F(DispatchTest, WhatStatesSomethingComesOnTheExpressLaneOnly) {
  const auto body = body_of(wire::Marks{.wall_ns = 1, .civil_ns = 1});
  EXPECT_TRUE(comes(LaneKind::express, wire::RecordType::marks, body).has_value());
  EXPECT_FALSE(comes(LaneKind::bulk, wire::RecordType::marks, body).has_value());
}

TEST_F(DispatchTest, ABodyThatIsCutShortIsAnErrorOfThePeer) {
  const auto body = body_of(wire::Heartbeat{.sent_at_ns = 1, .wall_ns = 2});
  for (std::size_t bytes = 0; bytes < body.size(); ++bytes) {
    EXPECT_FALSE(comes(LaneKind::express, wire::RecordType::heartbeat, ByteView(body).first(bytes)))
        << bytes;
  }
}

TEST_F(DispatchTest, RecordsOfOthersHaveNoPlaceHere) {
  for (const wire::RecordType type :
       {wire::RecordType::hello, wire::RecordType::bye, wire::RecordType::frame,
        wire::RecordType::notices, static_cast<wire::RecordType>(99)}) {
    EXPECT_FALSE(comes(LaneKind::express, type, {}).has_value()) << static_cast<int>(type);
  }
}

}  // namespace
}  // namespace longthrow
