// SPDX-License-Identifier: Apache-2.0
#include "proxy/guides/inner_encryption.h"

#include <gtest/gtest.h>

#include <string>

namespace longthrow {
namespace {

using Kind = InnerEncryption::Kind;
using std::string_literals::operator""s;

const std::string kSslRequest = "\x00\x00\x00\x08\x04\xd2\x16\x2f"s;
const std::string kGssRequest = "\x00\x00\x00\x08\x04\xd2\x16\x30"s;
const std::string kClientHello = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"s;
const std::string kServerHello = "\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03"s;
const std::string kStartup = "\x00\x00\x00\x52\x00\x03\x00\x00user\x00replicator\x00"s;
const std::string kGssToken = "\x00\x00\x02\x4e\x60\x82\x02\x4a\x06\x09"s;

ByteView view(std::string_view text) { return std::as_bytes(std::span(text)); }

// Whole, and byte by byte: the same.
Kind kind_of(const std::string& stream) {
  InnerEncryption whole;
  whole.on_bytes(view(stream));
  InnerEncryption pieces;
  for (const char& byte : stream) pieces.on_bytes(view({&byte, 1}));
  EXPECT_EQ(whole.kind(), pieces.kind());
  return whole.kind();
}

TEST(InnerEncryption, TlsFromTheFirstByte) {
  EXPECT_EQ(kind_of(kClientHello), Kind::tls);
  EXPECT_EQ(kind_of(kServerHello), Kind::tls);
}
TEST(InnerEncryption, PostgresqlThatAgreesOnTls) {
  EXPECT_EQ(kind_of(kSslRequest + kClientHello), Kind::tls);
  EXPECT_EQ(kind_of("S" + kServerHello), Kind::tls);
  EXPECT_EQ(kind_of(kGssRequest + kSslRequest + kClientHello), Kind::tls);
  EXPECT_EQ(kind_of("NS" + kServerHello), Kind::tls);
}
TEST(InnerEncryption, PostgresqlThatAgreesOnGssapi) {
  EXPECT_EQ(kind_of(kGssRequest + kGssToken), Kind::gssapi);
  EXPECT_EQ(kind_of("G\x00\x00\x00\x9c\x60\x81\x99"s), Kind::gssapi);
}
TEST(InnerEncryption, ARequestAloneIsNotYetAnAnswer) {
  EXPECT_EQ(kind_of(kSslRequest), Kind::undecided);
  EXPECT_EQ(kind_of("S"), Kind::undecided);
  EXPECT_EQ(kind_of("N"), Kind::undecided);
}
TEST(InnerEncryption, WhatWasRefusedIsPlain) {
  EXPECT_EQ(kind_of(kSslRequest + kStartup), Kind::none);
  EXPECT_EQ(kind_of(kGssRequest + kSslRequest + kStartup), Kind::none);
  EXPECT_EQ(kind_of("NR\x00\x00\x00\x17"s), Kind::none);
  EXPECT_EQ(kind_of("NNR\x00\x00\x00\x17"s), Kind::none);
}
TEST(InnerEncryption, OtherStreamsArePlain) {
  EXPECT_EQ(kind_of(kStartup), Kind::none);
  EXPECT_EQ(kind_of("R\x00\x00\x00\x17\x00\x00\x00\x0a"s), Kind::none);
  EXPECT_EQ(kind_of("SSH-2.0-OpenSSH_9.2p1\r\n"), Kind::none);
  EXPECT_EQ(kind_of("GET / HTTP/1.1\r\n"), Kind::none);
  EXPECT_EQ(kind_of("\x16\x03\x01\xff\xff\x01\x00"s), Kind::none) << "longer than a record";
  EXPECT_EQ(kind_of("\x16\x03\x01\x00\x40\x17\x00"s), Kind::none) << "not a hello";
  EXPECT_EQ(kind_of("\x15\x03\x03\x00\x02\x02\x28"s), Kind::none) << "an alert";
  EXPECT_EQ(kind_of(std::string(64, 'N')), Kind::none);
  EXPECT_EQ(kind_of(std::string(64, '\0')), Kind::none);
}
TEST(InnerEncryption, StaysWithItsFirstAnswer) {
  InnerEncryption inner;
  inner.on_bytes(view(kStartup));
  inner.on_bytes(view(kClientHello));
  EXPECT_EQ(inner.kind(), Kind::none);
}

}  // namespace
}  // namespace longthrow
