// SPDX-License-Identifier: Apache-2.0
// The last looks at a daemon, as far as `top` shows them.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>

#include "longthrow/status.h"

namespace longthrow::cli {

class History {
 public:
  using Series = std::deque<double>;  // the newest last
  static constexpr std::size_t kLooksMax = 120;

  void add(Status status);
  [[nodiscard]] bool empty() const { return !now_; }
  // REQUIRES: not empty.
  [[nodiscard]] const Status& now() const { return *now_; }
  // The look before; null: there was none.
  [[nodiscard]] const Status* before() const { return before_ ? &*before_ : nullptr; }
  // The lag in bytes at each look, of a link or of a group. Empty: not known.
  [[nodiscard]] const Series& link_lag(const std::string& name) const;
  [[nodiscard]] const Series& group_lag(const std::string& name) const;

 private:
  using ByName = std::map<std::string, Series>;

  std::optional<Status> before_;
  std::optional<Status> now_;
  ByName link_lag_;
  ByName group_lag_;
};

}  // namespace longthrow::cli
