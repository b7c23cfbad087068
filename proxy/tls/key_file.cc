// SPDX-License-Identifier: Apache-2.0
#include "proxy/tls/key_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "proxy/base/log.h"
#include "proxy/tls/digest.h"
#include "proxy/tls/private_file.h"

namespace longthrow {
namespace {

// Separates the fingerprint from any other use of a hash of the key.
constexpr std::string_view kFingerprintLabel = "longthrow key fingerprint v1\n";
constexpr std::string_view kHexDigits = "0123456789abcdef";

int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

Result<Secret> parse_hex(std::string_view digits) {
  if (!std::ranges::all_of(digits, [](char digit) { return hex_value(digit) >= 0; })) {
    return fail("the key holds a character that is not a hex digit");
  }
  if (digits.size() % 2 != 0 || digits.size() < 2 * kKeyBytes || digits.size() > 2 * kKeyBytesMax) {
    return fail(format("the key has {} hex digits; {} are expected", digits.size(), 2 * kKeyBytes));
  }
  Secret key(digits.size() / 2);
  for (std::size_t i = 0; i < key.size(); ++i) {
    key.span()[i] =
        static_cast<std::byte>(hex_value(digits[2 * i]) * 16 + hex_value(digits[2 * i + 1]));
  }
  return key;
}

Result<PresharedKey> parse_line(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return fail("expected identity:hex");
  const std::string_view identity = line.substr(0, colon);
  if (auto checked = check_key_identity(identity); !checked)
    return std::unexpected(checked.error());
  auto secret = parse_hex(line.substr(colon + 1));
  if (!secret) return std::unexpected(secret.error());
  return PresharedKey{.identity = std::string(identity), .secret = std::move(*secret)};
}

}  // namespace

Result<void> check_key_identity(std::string_view identity) {
  if (identity.empty()) return fail("the identity is empty; expected identity:hex");
  if (identity.size() > kKeyIdentityBytesMax) {
    return fail(format("the identity is longer than {} characters", kKeyIdentityBytesMax));
  }
  const bool visible =
      std::ranges::all_of(identity, [](char c) { return c > ' ' && c < '\x7f' && c != ':'; });
  if (!visible || identity.front() == '#') {
    return fail("the identity may hold visible ASCII characters but ':', and not begin with '#'");
  }
  return {};
}

Result<std::vector<PresharedKey>> parse_key_file(std::string_view text, const std::string& name) {
  std::vector<PresharedKey> keys;
  for (std::size_t line_number = 1; !text.empty(); ++line_number) {
    const std::size_t end = text.find('\n');
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty() || line.front() == '#') continue;
    auto key = parse_line(line);
    if (!key) return fail(format("{}:{}: {}", name, line_number, key.error().message));
    if (std::ranges::find(keys, key->identity, &PresharedKey::identity) != keys.end()) {
      return fail(format("{}:{}: the identity \"{}\" is in the file twice", name, line_number,
                         key->identity));
    }
    keys.push_back(std::move(*key));
  }
  if (keys.empty()) {
    return fail(format("{}: it holds no key; longthrow genkey -o FILE makes one", name));
  }
  return keys;
}

Result<std::vector<PresharedKey>> load_key_file(const std::string& path) {
  const auto text = read_private_file(path);
  if (!text && text.error().os_errno == ENOENT) {
    return fail(
        format("{}. `longthrow genkey -o {}` makes one, at one of the two nodes; copy it to "
               "the other",
               text.error().message, path),
        ENOENT);
  }
  if (!text) return std::unexpected(text.error());
  return parse_key_file(text->text(), path);
}

Secret generate_key_line(std::string_view identity, RandomSource& random) {
  LT_ASSERT(check_key_identity(identity));
  Secret key(kKeyBytes);
  random.fill(key.span());
  Secret line(identity.size() + 1 + 2 * kKeyBytes + 1);
  auto* text = reinterpret_cast<char*>(line.span().data());
  text = std::ranges::copy(identity, text).out;
  *text++ = ':';
  for (const std::byte byte : key.view()) {
    *text++ = kHexDigits[std::to_integer<unsigned>(byte) >> 4];
    *text++ = kHexDigits[std::to_integer<unsigned>(byte) & 15];
  }
  *text = '\n';
  return line;
}

Result<void> write_new_key_file(const std::string& path, const std::string& identity,
                                RandomSource& random) {
  if (auto checked = check_key_identity(identity); !checked) return checked;
  return write_new_private_file(path, generate_key_line(identity, random).text());
}

std::string fingerprint(const PresharedKey& key) {
  return short_digest(kFingerprintLabel, key.secret.view());
}

}  // namespace longthrow
