// SPDX-License-Identifier: Apache-2.0
#include "proxy/guides/plain_guide.h"

#include <gtest/gtest.h>

#include <list>
#include <vector>

namespace longthrow {
namespace {

struct FakeChannel final : StreamHost {
  [[nodiscard]] std::uint64_t channel_id() const override { return 0; }
  [[nodiscard]] bool open_at_both_ends() const override { return !closed; }
  [[nodiscard]] bool has_ended() const override { return closed; }
  [[nodiscard]] bool leg_closed() const override { return closed; }
  void end_soon(const LossCause&) override {}

  bool closed = false;
  std::unique_ptr<StreamGuide> guide;
};

class Plain : public ::testing::Test {
 protected:
  FakeChannel& open(const std::vector<std::uint8_t>& first) {
    FakeChannel& channel = channels_.emplace_back();
    channel.guide = route_->guide(channel, Opener::here);
    std::vector<std::byte> bytes;
    for (const std::uint8_t byte : first) bytes.push_back(std::byte{byte});
    channel.guide->on_given(bytes, TimePoint{});
    return channel;
  }
  static std::vector<std::uint8_t> client_hello() { return {22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3}; }
  static std::vector<std::uint8_t> text() { return std::vector<std::uint8_t>(64, 'x'); }

  std::shared_ptr<PlainRoute> route_ = std::make_shared<PlainRoute>();
  std::list<FakeChannel> channels_;
};

TEST_F(Plain, KnowsNothingOfTheProtocol) {
  FakeChannel& channel = open(text());
  EXPECT_EQ(channel.guide->carries(), StreamGuide::Carries::copy);
  EXPECT_FALSE(channel.guide->changes());
  EXPECT_FALSE(channel.guide->barriers());
  EXPECT_FALSE(channel.guide->holds_end());
  EXPECT_EQ(channel.guide->applied(), StreamGuide::Applied::unknown);
  EXPECT_TRUE(route_->may_open());
}

TEST_F(Plain, SaysThatAnOpenChannelIsEncryptedInside) {
  open(text());
  EXPECT_EQ(route_->inner_encryption(), "");
  open(client_hello());
  EXPECT_EQ(route_->inner_encryption(), "TLS");
}

TEST_F(Plain, AfterTheLastChannelItSaysWhatThatOneWas) {
  FakeChannel& channel = open(client_hello());
  channel.closed = true;
  EXPECT_EQ(route_->inner_encryption(), "TLS");
  channel.guide->retire();
  EXPECT_EQ(route_->inner_encryption(), "TLS");
  route_->forget_past();
  EXPECT_EQ(route_->inner_encryption(), "");
}

TEST_F(Plain, LaterPlainChannelIsTheAnswer) {
  open(client_hello()).closed = true;
  open(text());
  EXPECT_EQ(route_->inner_encryption(), "");
}

}  // namespace
}  // namespace longthrow
