// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <array>
#include <chrono>
#include <ostream>

#include "proxy/base/log.h"
#include "proxy/base/random.h"
#include "proxy/control/json.h"
#include "proxy/control/status_json.h"
#include "proxy/tls/key_file.h"
#include "tools/longthrow/commands.h"

namespace longthrow::cli {
namespace {

// Where and when a key was made tells it from the next one when keys are rotated.
std::string default_identity() {
  std::array<char, 65> host{};
  std::string name = ::gethostname(host.data(), host.size() - 1) == 0 ? host.data() : "longthrow";
  const auto now = std::chrono::system_clock::now();
  return name + "-" + control::utc_text(now).substr(0, 10);
}

int show_fingerprints(const CommandLine& line, const Output& output, const std::string& file) {
  const auto keys = load_key_file(file);
  if (!keys) return not_done(line, output, keys.error().message);
  json::array list;
  for (const PresharedKey& key : *keys) {
    list.push_back({{"identity", key.identity}, {"fingerprint", fingerprint(key)}});
    if (!line.json) output.out << fingerprint(key) << "  " << key.identity << "\n";
  }
  if (line.json) {
    output.out << json::serialize(json::object{{"file", file}, {"keys", std::move(list)}}) << "\n";
  }
  return kDone;
}

}  // namespace

int run_genkey(const CommandLine& line, const Output& output) {
  if (!line.fingerprint.empty()) return show_fingerprints(line, output, line.fingerprint);
  const std::string identity = line.identity.empty() ? default_identity() : line.identity;
  if (const Result<void> good = check_key_identity(identity); !good) {
    return not_done(line, output, "--identity: " + good.error().message, kWrongUsage);
  }
  SystemRandom random;
  if (const Result<void> made = write_new_key_file(line.output, identity, random); !made) {
    return not_done(line, output, made.error().message);
  }
  const int code = show_fingerprints(line, output, line.output);
  if (code == kDone && !line.json) {
    output.out << "made " << line.output
               << "; copy it to the peer over a safe way (scp), and compare\n"
               << "there: longthrow genkey --fingerprint FILE\n";
  }
  return code;
}

}  // namespace longthrow::cli
