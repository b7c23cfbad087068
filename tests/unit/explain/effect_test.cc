// SPDX-License-Identifier: Apache-2.0
// What comes of a cause for the source.
#include "tests/unit/explain/explain_fixture.h"

namespace longthrow::explain::test {
namespace {

class EffectTest : public ExplainTest {
 protected:
  EffectTest() { limited_by(Limit::wan); }
};

TEST_F(EffectTest, ALagThatHardlyMovesStays) {
  lags(10 * kMiB, 10 * kMiB + 100 * kKiB);  // 50 KiB/s beside 1 MiB/s
  EXPECT_EQ(of_link().effect, Effect::lag_stays);
  EXPECT_TRUE(says(of_link(), "the lag stays: "));
}

TEST_F(EffectTest, ALagThatShrinksIsSaidWithItsEnd) {
  lags(10 * kMiB, 8 * kMiB);
  link().drain_eta_s = 8.0;
  EXPECT_EQ(of_link().effect, Effect::lag_shrinks);
  EXPECT_TRUE(says(of_link(), "the lag shrinks by 1.0 MiB/s: "));
  EXPECT_TRUE(says(of_link(), "drained in 8.0 s"));
}

TEST_F(EffectTest, AFullBufferSlowsTheSourceWhateverTheLagDoes) {
  lags(10 * kMiB, 8 * kMiB);
  link().buffer.full = true;
  link().buffer.used_bytes = link().buffer.send_limit_bytes;
  lane().unsent_bytes = 1;
  EXPECT_EQ(of_link().effect, Effect::source_slowed);
  EXPECT_TRUE(says(of_link(), "buffer 100 %"));
}

TEST_F(EffectTest, OfOneLookTheForecastTells) {
  EXPECT_EQ(of_one_look().effect, Effect::lag_stays);
  link().drain_eta_s = 8.0;
  EXPECT_EQ(of_one_look().effect, Effect::lag_shrinks);
  link().full_eta_s = 8.0;
  EXPECT_EQ(of_one_look().effect, Effect::lag_grows);
}

TEST_F(EffectTest, BytesThatWereLostStayTheLagOfAnIdleLink) {
  move(0);
  link().limited_by = link_before().limited_by = Limit::source;
  lags(5 * kMiB, 5 * kMiB, 100);
  EXPECT_EQ(of_link().cause, Cause::source_idle);
  EXPECT_TRUE(says(of_link(), "the lag stays: nothing is given here"));
}

TEST(Words, EachHasItsOwn) {
  EXPECT_EQ(to_string(Cause::nothing), "nothing");
  EXPECT_EQ(to_string(Cause::target), "target");
  EXPECT_EQ(to_string(Cause::fenced), "fenced");
  EXPECT_EQ(kWords<Cause>.size(), static_cast<std::size_t>(Cause::fenced) + 1);
  EXPECT_EQ(to_string(Effect::copy_waits), "copy_waits");
}

}  // namespace
}  // namespace longthrow::explain::test
