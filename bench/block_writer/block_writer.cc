// SPDX-License-Identifier: Apache-2.0
// Writes a burst of block-like data the way DRBD's protocol A does: a write is done when the
// socket's bounded buffer has taken it. Reports for how long there was no room in it, which is how
// long an application's writes would have been blocked.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <optional>

#include "bench/block_writer/block_data.h"
#include "bench/block_writer/socket.h"
#include "bench/block_writer/text.h"
#include "proxy/base/log.h"

namespace longthrow {
namespace {

constexpr std::size_t kAckBytesMax = 4096;

struct Options {
  HostPort connect;
  std::uint64_t size_bytes = 0;
  std::size_t block_bytes = 0;
  std::uint64_t seed = 1;
  std::uint64_t rate_bytes_s = 0;  // 0: unlimited
  std::size_t sndbuf_bytes = 0;
  double timeout_s = 0;
  bool wait_ack = false;
  bool json = false;
};

struct Outcome {
  double seconds = 0;  // until the last byte was taken
  double blocked_s = 0;
  double longest_stall_s = 0;
  std::uint64_t stalls = 0;
  std::size_t sndbuf_bytes = 0;
  std::string sha256;
  std::optional<std::string> ack;
  double acknowledged_s = 0;
};

// Writes one block; what it waits for room counts as one stall.
Result<void> write_block(const TcpSocket& socket, ByteView block, Clock::time_point deadline,
                         Outcome& outcome) {
  double stall_s = 0;
  while (!block.empty()) {
    const auto sent = socket.send(block);
    if (!sent) return std::unexpected(sent.error());
    block = block.subspan(*sent);
    if (block.empty()) break;
    const auto stalled = Clock::now();
    if (auto ready = socket.wait_writable(deadline); !ready) return ready;
    stall_s += seconds_between(stalled, Clock::now());
  }
  if (stall_s > 0) {
    ++outcome.stalls;
    outcome.blocked_s += stall_s;
    outcome.longest_stall_s = std::max(outcome.longest_stall_s, stall_s);
  }
  return {};
}

// The far side's one line, up to the end of the stream.
Result<std::string> read_ack(const TcpSocket& socket, Clock::time_point deadline) {
  std::string ack;
  char buffer[512];
  while (ack.size() < kAckBytesMax) {
    const auto received = socket.receive(std::as_writable_bytes(std::span(buffer)), deadline);
    if (!received) return std::unexpected(received.error());
    if (*received == 0) break;
    ack.append(buffer, *received);
  }
  while (ack.ends_with('\n')) ack.pop_back();
  return ack;
}

Result<Outcome> run(const Options& options) {
  BlockStream stream(options.size_bytes, options.seed);
  const auto deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                           std::chrono::duration<double>(options.timeout_s));
  auto socket = TcpSocket::connect(options.connect, deadline);
  if (!socket) return std::unexpected(socket.error());
  Outcome outcome;
  outcome.sndbuf_bytes = socket->set_send_buffer(options.sndbuf_bytes);

  const auto begin = Clock::now();
  for (std::uint64_t offset = 0; offset < stream.size();) {
    keep_rate(begin, offset, options.rate_bytes_s);
    const ByteView block = stream.at(offset, options.block_bytes);
    if (auto written = write_block(*socket, block, deadline, outcome); !written) {
      return fail(format("{}, after {} bytes", written.error().message, offset));
    }
    offset += block.size();
  }
  socket->half_close();
  outcome.seconds = seconds_between(begin, Clock::now());
  if (options.wait_ack) {
    auto ack = read_ack(*socket, deadline);
    if (!ack) return fail("no acknowledgement: " + ack.error().message);
    outcome.ack = std::move(*ack);
    outcome.acknowledged_s = seconds_between(begin, Clock::now());
  }
  // Only now: it would have held up the writing.
  Sha256 hash;
  for (std::uint64_t offset = 0; offset < stream.size();) {
    const ByteView piece = stream.at(offset, 1 * kMiB);
    hash.update(piece);
    offset += piece.size();
  }
  outcome.sha256 = hash.finish();
  return outcome;
}

void print(const Options& options, const Outcome& outcome) {
  if (options.json) {
    std::string line = format(
        "{{\"bytes\":{},\"seconds\":{:.6f},\"blocked_s\":{:.6f},\"longest_stall_s\":{:.6f},"
        "\"stalls\":{},\"sndbuf_bytes\":{},\"sha256\":\"{}\"",
        options.size_bytes, outcome.seconds, outcome.blocked_s, outcome.longest_stall_s,
        outcome.stalls, outcome.sndbuf_bytes, outcome.sha256);
    if (outcome.ack) {
      line += format(",\"acknowledged_s\":{:.6f},\"acknowledged\":{}", outcome.acknowledged_s,
                     outcome.ack->find(outcome.sha256) != std::string::npos);
    }
    std::puts((line + "}").c_str());
    return;
  }
  std::puts(format("wrote {} bytes in {:.3f} s; blocked for {:.3f} s in {} writes, the longest for "
                   "{:.3f} s\nsocket buffer {} bytes\nsha256 {}",
                   options.size_bytes, outcome.seconds, outcome.blocked_s, outcome.stalls,
                   outcome.longest_stall_s, outcome.sndbuf_bytes, outcome.sha256)
                .c_str());
  if (outcome.ack) {
    std::puts(format("the far side answered after {:.3f} s: {}", outcome.acknowledged_s,
                     outcome.ack->empty() ? "(nothing)" : *outcome.ack)
                  .c_str());
  }
}

// Returns what parse makes of `text`, or ends with a usage error.
template <typename Parse>
auto checked(const char* option, const std::string& text, Parse parse) {
  auto value = parse(text);
  if (!value) throw CLI::ValidationError(option, value.error().message);
  return *value;
}

int main_of(int argc, char** argv) {
  CLI::App app{
      "Writes a burst of block-like data as DRBD's protocol A does: waits only for its socket "
      "buffer.\nExample: block_writer --connect 127.0.0.1:7788 --size 64MiB --wait-ack"};
  Options options;
  std::string connect, size = "64MiB", block = "4KiB", rate = "unlimited", sndbuf = "1MiB";
  app.add_option("--connect", connect, "HOST:PORT to write to")->required();
  app.add_option("--size", size, "how much to write")->capture_default_str();
  app.add_option("--block", block, "bytes of one write, 4KiB or more")->capture_default_str();
  app.add_option("--seed", options.seed, "the same seed: the same bytes")->capture_default_str();
  app.add_option("--rate", rate, "bytes per second, or 50mbit, or unlimited")
      ->capture_default_str();
  app.add_option("--sndbuf", sndbuf, "SO_SNDBUF of the socket")->capture_default_str();
  options.timeout_s = 600;
  app.add_option("--timeout", options.timeout_s, "seconds for the whole run")
      ->capture_default_str();
  app.add_flag("--wait-ack", options.wait_ack,
               "then read until the far side closes; 1 is returned when its answer does not hold "
               "the SHA-256 of what was written");
  app.add_flag("--json", options.json, "one line of JSON");
  try {
    app.parse(argc, argv);
    options.connect = checked("--connect", connect, parse_host_port);
    options.size_bytes = checked("--size", size, parse_size);
    options.block_bytes = checked("--block", block, parse_size);
    options.rate_bytes_s = checked("--rate", rate, parse_rate);
    options.sndbuf_bytes = checked("--sndbuf", sndbuf, parse_size);
    if (options.block_bytes < kDataPageBytes || options.block_bytes > 16 * kMiB) {
      throw CLI::ValidationError("--block", "from 4KiB to 16MiB");
    }
    if (!(options.timeout_s > 0 && options.timeout_s <= 1e6)) {
      throw CLI::ValidationError("--timeout", "more than 0 seconds, at most 1000000");
    }
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const auto outcome = run(options);
  if (!outcome) {
    std::fprintf(stderr, "block_writer: %s\n", outcome.error().message.c_str());
    return 1;
  }
  print(options, *outcome);
  const bool disputed = outcome->ack && outcome->ack->find(outcome->sha256) == std::string::npos;
  if (disputed) std::fputs("block_writer: the far side did not acknowledge these bytes\n", stderr);
  return disputed ? 1 : 0;
}

}  // namespace
}  // namespace longthrow

int main(int argc, char** argv) { return longthrow::main_of(argc, argv); }
