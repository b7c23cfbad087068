// SPDX-License-Identifier: Apache-2.0
// Instantiates a suite of LoopTest for both backends. Where the system refuses io_uring (the tests
// are also run under such a refusal) only epoll is there to be tested.
#pragma once

#include "proxy/io/make_loop.h"
#include "tests/unit/io/loop_fixture.h"

namespace longthrow {

inline std::vector<IoChoice> backends() {
  if (make_loop(IoChoice::io_uring)) return {IoChoice::epoll, IoChoice::io_uring};
  return {IoChoice::epoll};
}
inline std::string backend_name(const testing::TestParamInfo<IoChoice>& info) {
  return info.param == IoChoice::epoll ? "epoll" : "io_uring";
}

}  // namespace longthrow

#define LT_FOR_BOTH_BACKENDS(Suite)                                                     \
  INSTANTIATE_TEST_SUITE_P(Backends, Suite, testing::ValuesIn(::longthrow::backends()), \
                           ::longthrow::backend_name)
