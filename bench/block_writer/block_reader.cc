// SPDX-License-Identifier: Apache-2.0
// The far side of block_writer: accepts one connection, reads it to its end, says what came and
// when, and answers with one line "ok BYTES SHA256".
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>

#include "bench/block_writer/socket.h"
#include "bench/block_writer/text.h"
#include "proxy/base/log.h"

namespace longthrow {
namespace {

constexpr std::size_t kReadBytes = 256 * kKiB;

struct Options {
  Endpoint listen;
  std::uint64_t rate_bytes_s = 0;  // 0: unlimited
  double timeout_s = 0;
  bool json = false;
};

struct Outcome {
  std::uint64_t bytes = 0;
  std::string sha256;
  std::string failure;      // empty: the stream ended cleanly
  double first_byte_s = 0;  // since the connection was accepted; civil time beside it
  double last_byte_s = 0;
  double first_byte_at = 0;
  double last_byte_at = 0;
};

double civil_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

Outcome read_all(const TcpSocket& socket, const Options& options, Clock::time_point deadline) {
  Outcome outcome;
  Sha256 hash;
  std::vector<std::byte> buffer(kReadBytes);
  const std::size_t room = options.rate_bytes_s == 0
                               ? kReadBytes
                               : std::clamp<std::size_t>(options.rate_bytes_s / 50, 1, kReadBytes);
  const auto begin = Clock::now();
  while (true) {
    keep_rate(begin, outcome.bytes, options.rate_bytes_s);
    const auto received = socket.receive(ByteSpan(buffer).first(room), deadline);
    if (!received) outcome.failure = received.error().message;
    if (!received || *received == 0) break;
    outcome.last_byte_s = seconds_between(begin, Clock::now());
    outcome.last_byte_at = civil_seconds();
    if (outcome.bytes == 0) {
      outcome.first_byte_s = outcome.last_byte_s;
      outcome.first_byte_at = outcome.last_byte_at;
    }
    outcome.bytes += *received;
    hash.update(ByteView(buffer).first(*received));
  }
  outcome.sha256 = hash.finish();
  return outcome;
}

Result<void> answer(const TcpSocket& socket, const Outcome& outcome, Clock::time_point deadline) {
  const std::string line = format("ok {} {}\n", outcome.bytes, outcome.sha256);
  for (ByteView left = std::as_bytes(std::span(line)); !left.empty();) {
    const auto sent = socket.send(left);
    if (!sent) return std::unexpected(sent.error());
    left = left.subspan(*sent);
    if (*sent == 0) {
      if (auto ready = socket.wait_writable(deadline); !ready) return ready;
    }
  }
  return {};
}

void print(const Options& options, const Outcome& outcome) {
  if (options.json) {
    std::puts(format("{{\"bytes\":{},\"sha256\":\"{}\",\"clean\":{},\"first_byte_s\":{:.6f},"
                     "\"last_byte_s\":{:.6f},\"first_byte_at\":{:.6f},\"last_byte_at\":{:.6f}}}",
                     outcome.bytes, outcome.sha256, outcome.failure.empty(), outcome.first_byte_s,
                     outcome.last_byte_s, outcome.first_byte_at, outcome.last_byte_at)
                  .c_str());
  } else {
    std::puts(format("read {} bytes; the first after {:.3f} s, the last after {:.3f} s\nsha256 {}",
                     outcome.bytes, outcome.first_byte_s, outcome.last_byte_s, outcome.sha256)
                  .c_str());
  }
}

Result<Outcome> run(const Options& options) {
  const auto deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                           std::chrono::duration<double>(options.timeout_s));
  const auto listener = TcpSocket::listen(options.listen);
  if (!listener) return std::unexpected(listener.error());
  Endpoint bound = options.listen;
  bound.port = listener->local_port();
  const std::string address = to_string(bound);
  std::puts(options.json
                ? format("{{\"listening\":\"{}\",\"port\":{}}}", address, bound.port).c_str()
                : format("listening on {}", address).c_str());
  std::fflush(stdout);
  const auto socket = listener->accept(deadline);
  if (!socket) return std::unexpected(socket.error());
  Outcome outcome = read_all(*socket, options, deadline);
  if (outcome.failure.empty()) {
    if (auto answered = answer(*socket, outcome, deadline); !answered) {
      outcome.failure = "the answer: " + answered.error().message;
    }
  }
  return outcome;
}

int main_of(int argc, char** argv) {
  CLI::App app{
      "Accepts one connection and reads it to its end; says what came, and answers with one "
      "line.\nExample: block_reader --listen 127.0.0.1:0"};
  Options options;
  std::string listen, rate = "unlimited";
  app.add_option("--listen", listen, "ADDRESS:PORT, numeric; port 0: a free one, which is printed")
      ->required();
  app.add_option("--rate", rate, "bytes per second, or 50mbit, or unlimited")
      ->capture_default_str();
  options.timeout_s = 600;
  app.add_option("--timeout", options.timeout_s, "seconds for the whole run")
      ->capture_default_str();
  app.add_flag("--json", options.json, "lines of JSON: the address, at the end the outcome");
  try {
    app.parse(argc, argv);
    const auto endpoint = parse_endpoint(listen);
    if (!endpoint) throw CLI::ValidationError("--listen", endpoint.error().message);
    options.listen = *endpoint;
    const auto rate_bytes_s = parse_rate(rate);
    if (!rate_bytes_s) throw CLI::ValidationError("--rate", rate_bytes_s.error().message);
    options.rate_bytes_s = *rate_bytes_s;
    if (!(options.timeout_s > 0 && options.timeout_s <= 1e6)) {
      throw CLI::ValidationError("--timeout", "more than 0 seconds, at most 1000000");
    }
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const auto outcome = run(options);
  if (!outcome) {
    std::fprintf(stderr, "block_reader: %s\n", outcome.error().message.c_str());
    return 1;
  }
  print(options, *outcome);
  if (!outcome->failure.empty()) {
    std::fprintf(stderr, "block_reader: %s\n", outcome->failure.c_str());
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace longthrow

int main(int argc, char** argv) { return longthrow::main_of(argc, argv); }
