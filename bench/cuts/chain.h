// SPDX-License-Identifier: Apache-2.0
// A program that writes a chain of records over several loopback connections, and what reads them:
// record n + 1 goes into any stream, and only after the write of record n has returned.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "bench/cuts/chain_log.h"
#include "longthrow/error.h"
#include "longthrow/source_positions.h"

namespace longthrow {

enum class Traffic : std::uint8_t {
  plain,    // sent at once, and read as it comes
  cork,     // TCP_CORK: small records wait in the program's kernel
  windows,  // read so slowly that the windows are full, and records wait for them
};

struct ChainOptions {
  std::size_t streams = 8;
  Traffic traffic = Traffic::plain;
  double writes_s = 0;  // 0: as fast as the kernel takes them
  std::uint64_t record_bytes = 512;
  std::uint64_t seed = 1;
};

class Chain {
 public:
  // Connected, and both threads run.
  [[nodiscard]] static Result<std::unique_ptr<Chain>> start(const ChainOptions& options);
  ~Chain();
  Chain(const Chain&) = delete;
  Chain& operator=(const Chain&) = delete;

  [[nodiscard]] const ChainLog& log() const { return log_; }
  // The programs' sockets; the channel is the stream's index.
  [[nodiscard]] std::vector<SourceSocket> sockets() const;
  // What has come in so far, read or unread (tcpi_bytes_received of the receiving end).
  [[nodiscard]] std::uint64_t received(std::size_t stream) const;

 private:
  struct Connection {
    int program = -1;
    int leg = -1;
  };
  explicit Chain(const ChainOptions& options);
  [[nodiscard]] Result<void> connect();
  void write();
  void read();
  [[nodiscard]] bool write_record(int fd, const std::vector<char>& record) const;

  const ChainOptions options_;
  ChainLog log_;
  std::vector<Connection> connections_;
  std::atomic<bool> ending_{false};
  std::thread writer_;
  std::thread reader_;
};

}  // namespace longthrow
