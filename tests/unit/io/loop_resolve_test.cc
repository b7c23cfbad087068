// SPDX-License-Identifier: Apache-2.0
#include <deque>

#include "tests/unit/io/backends.h"

namespace longthrow {
namespace {

struct Asked {
  Asked() { resolution.operation.bind<&Asked::on>(this); }
  void on(int r) { result = r; }
  Resolution resolution;
  int result = 1;
};

class LoopResolve : public LoopTest {
 protected:
  void resolve(Asked& asked, const std::string& host) {
    loop().resolve(asked.resolution, {.host = host, .port = 7700});
    EXPECT_TRUE(asked.resolution.operation.in_flight());
    run_until([&] { return !asked.resolution.operation.in_flight(); });
  }
};
LT_FOR_BOTH_BACKENDS(LoopResolve);

TEST_P(LoopResolve, NumericHostsComplete) {
  for (const auto& [host, expected] :
       {std::pair{"192.0.2.7", "192.0.2.7:7700"}, std::pair{"2001:db8::7", "[2001:db8::7]:7700"}}) {
    Asked asked;
    resolve(asked, host);
    EXPECT_EQ(asked.result, 0);
    ASSERT_EQ(asked.resolution.endpoints.size(), 1U);
    EXPECT_EQ(to_string(asked.resolution.endpoints[0]), expected);
  }
}

TEST_P(LoopResolve, LocalhostIsLoopback) {
  Asked asked;
  resolve(asked, "localhost");
  EXPECT_EQ(asked.result, 0);
  ASSERT_FALSE(asked.resolution.endpoints.empty());
  for (const Endpoint& endpoint : asked.resolution.endpoints) {
    EXPECT_TRUE(endpoint.is_loopback());
    EXPECT_EQ(endpoint.port, 7700);
  }
}

// A label longer than 63 characters: refused without asking any server.
TEST_P(LoopResolve, ABadNameFailsWithASentence) {
  Asked asked;
  const std::string host(70, 'a');
  resolve(asked, host + ".invalid");
  EXPECT_LT(asked.result, 0);
  EXPECT_TRUE(asked.resolution.endpoints.empty());
  EXPECT_NE(asked.resolution.error.find(host), std::string::npos);
}

TEST_P(LoopResolve, CanBeAskedAgain) {
  Asked asked;
  resolve(asked, "localhost");
  resolve(asked, "192.0.2.7");
  EXPECT_EQ(asked.resolution.endpoints.size(), 1U);
}

TEST_P(LoopResolve, ManyAtOnceAllComplete) {
  std::deque<Asked> all(20);
  for (Asked& asked : all) loop().resolve(asked.resolution, {.host = "localhost", .port = 1});
  for (Asked& asked : all) {
    run_until([&] { return !asked.resolution.operation.in_flight(); });
    EXPECT_EQ(asked.result, 0);
  }
}

TEST_P(LoopResolve, ACancelledLookUpCompletesAtOnceAndOnce) {
  Asked asked;
  loop().resolve(asked.resolution, {.host = "localhost", .port = 1});
  loop().cancel(asked.resolution.operation);
  run_until([&] { return !asked.resolution.operation.in_flight(); });
  EXPECT_EQ(asked.result, -ECANCELED);
  asked.result = 1;
  run_for(std::chrono::milliseconds(50));
  EXPECT_EQ(asked.result, 1);
}

TEST_P(LoopResolve, DestroyingTheLoopCompletesLookUps) {
  Asked asked;
  loop().resolve(asked.resolution, {.host = "localhost", .port = 1});
  destroy_loop();
  EXPECT_EQ(asked.result, -ECANCELED);
}

}  // namespace
}  // namespace longthrow
