// SPDX-License-Identifier: Apache-2.0
#include "bench/block_writer/text.h"

#include <openssl/evp.h>

#include <algorithm>
#include <charconv>

#include "proxy/base/log.h"

namespace longthrow {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};
constexpr Unit kSizeUnits[] = {
    {"", 1},     {"b", 1},    {"kib", 1024.0}, {"mib", 1048576.0}, {"gib", 1073741824.0},
    {"kb", 1e3}, {"mb", 1e6}, {"gb", 1e9}};
constexpr Unit kBitUnits[] = {{"kbit", 125.0}, {"mbit", 125e3}, {"gbit", 125e6}};

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

Result<std::uint64_t> parse(std::string_view text, std::span<const Unit> units) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  const std::string unit_name = lower_case({rest, static_cast<std::size_t>(end - rest)});
  const auto unit = std::ranges::find(units, std::string_view(unit_name), &Unit::name);
  if (error != std::errc() || unit == units.end() || !(number >= 0) ||
      number * unit->factor > 1e15) {
    return fail(format("\"{}\" is not understood", text));
  }
  return static_cast<std::uint64_t>(number * unit->factor);
}

}  // namespace

Result<std::uint64_t> parse_size(std::string_view text) {
  auto size = parse(text, kSizeUnits);
  if (!size) return fail(size.error().message + ": write a size such as 64MiB or 4096");
  return size;
}

Result<std::uint64_t> parse_rate(std::string_view text) {
  if (lower_case(text) == "unlimited") return 0;
  const std::string_view amount = text.ends_with("/s") ? text.substr(0, text.size() - 2) : text;
  if (lower_case(amount).ends_with("bps") || amount.ends_with('b')) {  // bits, or bytes?
    return fail(format("\"{}\" says neither bits nor bytes: write 50mbit or 50MB", text));
  }
  auto rate = parse(amount, kSizeUnits);
  if (!rate) rate = parse(amount, kBitUnits);
  if (!rate) return fail(rate.error().message + ": write a rate such as 4MiB, 50mbit or unlimited");
  return rate;
}

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  LT_ASSERT(context_ != nullptr);
  LT_ASSERT(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
}

void Sha256::Deleter::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

void Sha256::update(ByteView bytes) {
  LT_ASSERT(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
}

std::string Sha256::finish() {
  unsigned char digest[32];
  LT_ASSERT(EVP_DigestFinal_ex(context_.get(), digest, nullptr) == 1);
  std::string text;
  for (const unsigned char byte : digest) text += format("{:02x}", byte);
  return text;
}

}  // namespace longthrow
