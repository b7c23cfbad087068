// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/tls/pair.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace longthrow {
namespace {

std::unique_ptr<TlsEngine> engine_of(Result<std::unique_ptr<TlsEngine>> made) {
  EXPECT_TRUE(made) << (made ? "" : made.error().message);
  LT_ASSERT(made);
  return std::move(*made);
}

}  // namespace

Pair::Pair(Result<std::unique_ptr<TlsEngine>> client_engine,
           Result<std::unique_ptr<TlsEngine>> server_engine) {
  client.engine = engine_of(std::move(client_engine));
  server.engine = engine_of(std::move(server_engine));
}

bool Pair::shake() {
  EXPECT_TRUE(client.engine->start(client.out));
  EXPECT_TRUE(server.engine->start(server.out));
  shuttle();
  return client.error.empty() && server.error.empty() && client.engine->established() &&
         server.engine->established();
}

void Pair::shuttle() {
  while (true) {
    const bool there = move_once(client, server);
    const bool back = move_once(server, client);
    if (!there && !back) return;
  }
}

bool Pair::move_once(End& from, End& to) {
  if (from.out.empty()) return false;
  const std::vector<std::byte> bytes = copy_of(from.out.view());
  from.out.clear();
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t piece = std::min(piece_bytes, bytes.size() - at);
    feed(to, ByteView(bytes).subspan(at, piece));
    at += piece;
  }
  return true;
}

void Pair::feed(End& end, ByteView bytes) {
  std::vector<std::byte> plain(64 * kKiB);
  while (end.error.empty()) {
    const auto progress = end.engine->open(bytes, plain, end.out);
    if (!progress) {
      end.code = progress.error().code;
      end.error = progress.error().message;
      return;
    }
    end.received.append(reinterpret_cast<const char*>(plain.data()), progress->produced_bytes);
    bytes = bytes.subspan(progress->consumed_bytes);
    if (progress->consumed_bytes == 0 && progress->produced_bytes == 0) break;
  }
  EXPECT_TRUE(bytes.empty() || !end.error.empty());
}

bool Pair::passes(End& from, std::string_view text) {
  End& to = peer_of(from);
  to.received.clear();
  if (!from.engine->seal(bytes_of(text), from.out)) return false;
  shuttle();
  return to.received == text && to.error.empty();
}

std::vector<std::byte> copy_of(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

}  // namespace longthrow
