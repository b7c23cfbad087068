// SPDX-License-Identifier: Apache-2.0
// Two engines and the bytes between them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "longthrow/tls_engine.h"

namespace longthrow {

struct End {
  std::unique_ptr<TlsEngine> engine;
  ByteQueue out;
  std::string received;
  ErrorCode code = ErrorCode::other;
  std::string error;  // of the first method that failed
};

class Pair {
 public:
  Pair(Result<std::unique_ptr<TlsEngine>> client_engine,
       Result<std::unique_ptr<TlsEngine>> server_engine);

  // Starts both ends and moves bytes until nothing more comes. True: both are established.
  bool shake();
  // Moves what is queued, in pieces of `piece_bytes`, until both ends are quiet.
  void shuttle();
  // Gives `bytes` to `end`, as often as it makes progress.
  void feed(End& end, ByteView bytes);
  // Seals `text` at `from` and moves it. True: it arrived at the other end as it was.
  bool passes(End& from, std::string_view text);

  [[nodiscard]] End& peer_of(const End& end) { return &end == &client ? server : client; }

  End client;
  End server;
  std::size_t piece_bytes = SIZE_MAX;

 private:
  bool move_once(End& from, End& to);
};

[[nodiscard]] inline ByteView bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}
[[nodiscard]] std::vector<std::byte> copy_of(ByteView bytes);

}  // namespace longthrow
