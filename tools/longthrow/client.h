// SPDX-License-Identifier: Apache-2.0
// The command line's end of the control socket (docs/CONTROL.md). Blocking.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "longthrow/error.h"
#include "proxy/control/json.h"

namespace longthrow::cli {

inline constexpr const char* kDefaultControl = "/run/longthrow/control.sock";
// How long the daemon may say nothing, of a command that is answered at once.
inline constexpr std::chrono::milliseconds kSilenceMax{70'000};

class Client {
 public:
  // The error says what to do: the daemon is not running, or which group the user must be in.
  [[nodiscard]] static Result<Client> connect(const std::string& path);

  Client(Client&& other) noexcept;
  Client& operator=(Client&&) = delete;
  ~Client();

  [[nodiscard]] Result<void> send(const json::object& request);
  // The next answer. `silence`: how long the daemon may say nothing; none: for ever.
  [[nodiscard]] Result<json::object> receive(std::optional<std::chrono::milliseconds> silence);

 private:
  explicit Client(int fd) : fd_(fd) {}

  int fd_ = -1;
  std::string input_;
};

// The one answer to a request that is answered at once.
[[nodiscard]] Result<json::object> ask(const std::string& path, const json::object& request,
                                       std::chrono::milliseconds silence = kSilenceMax);

}  // namespace longthrow::cli
