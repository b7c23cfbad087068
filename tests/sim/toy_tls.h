// SPDX-License-Identifier: Apache-2.0
// A toy of TLS for simulated lanes: what of TLS shapes a lane, without its strength and without its
// random numbers. Records of up to 16 KiB, each with a checksum under a key of its connection; a
// handshake of several flights; key updates; alerts and close_notify. So a lane is tried with bytes
// that come in records, and each damaged, repeated, left out or foreign byte is noticed.
//
//   record      type (1) length (2) sealed bytes (length): plain bytes, and their checksum (8)
//   handshake   client: hello; server: hello, certificate, finished; client: finished
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "longthrow/tls_engine.h"
#include "tests/sim/random_stream.h"

namespace longthrow::sim {

inline constexpr std::size_t kToyRecordBytesMax = 16 * kKiB;

struct ToyTlsOptions {
  std::uint64_t secret = 1;                     // what both ends must have
  std::uint64_t key_update_bytes = 512 * kKiB;  // after so many sealed bytes a new key
};

// Engines for both ends. What they draw comes from `random`.
class ToyTlsProvider final : public TlsProvider {
 public:
  ToyTlsProvider(const ToyTlsOptions& options, RandomStream random)
      : options_(options), random_(random) {}

  Result<void> load(const Config&) override { return {}; }
  Result<std::unique_ptr<TlsEngine>> client(const std::string& link) override;
  Result<std::unique_ptr<TlsEngine>> server(std::span<const std::string> links) override;

 private:
  const ToyTlsOptions options_;
  RandomStream random_;
};

}  // namespace longthrow::sim
