// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/unit/tls/pair.h"
#include "tests/unit/tls/site.h"

namespace longthrow {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr long kDay = 24 * 3600;

class CertificateEngine : public ::testing::Test {
 protected:
  // Alpha dials, beta listens; each is to expect the other's name.
  void configure(const CertificateShape& alpha, const CertificateShape& beta) {
    ASSERT_TRUE(alpha_.link("dr", authority_.issue(alpha, "beta")));
    ASSERT_TRUE(beta_.link("main", authority_.issue(beta, "alpha")));
  }
  Pair pair() { return {alpha_.client("dr"), beta_.server()}; }
  Pair shaken() {
    Pair pair = this->pair();
    EXPECT_FALSE(pair.shake());
    return pair;
  }

  ScratchDir files_;
  Authority authority_{files_, "ca1"};
  Authority stranger_{files_, "ca2"};
  TestNode alpha_;
  TestNode beta_;
};

TEST_F(CertificateEngine, MutualCertificatesComeUpAndCarryData) {
  configure({.name = "alpha"}, {.name = "beta"});
  Pair pair = this->pair();
  ASSERT_TRUE(pair.shake()) << pair.client.error << pair.server.error;
  EXPECT_TRUE(pair.passes(pair.client, "hello"));
  EXPECT_TRUE(pair.passes(pair.server, "welcome"));
  EXPECT_THAT(pair.server.engine->peer_description(), HasSubstr("certificate alpha (sha256 "));
  EXPECT_EQ(pair.server.engine->link(), "main");
}

TEST_F(CertificateEngine, ComesUpByteByByte) {
  configure({.name = "alpha"}, {.name = "beta"});
  Pair pair = this->pair();
  pair.piece_bytes = 1;
  EXPECT_TRUE(pair.shake()) << pair.client.error << pair.server.error;
}

TEST_F(CertificateEngine, ExpiredClientIsToldToBothSides) {
  configure({.name = "alpha", .begins_in_s = -2 * kDay, .ends_in_s = -kDay}, {.name = "beta"});
  const Pair pair = shaken();
  EXPECT_THAT(pair.server.error, AllOf(HasSubstr("certificate alpha"), HasSubstr("expired at 20")));
  EXPECT_THAT(pair.client.error, AllOf(HasSubstr("the peer refused our certificate alpha (sha256 "),
                                       HasSubstr("it has expired by the peer's clock")));
}

TEST_F(CertificateEngine, ExpiredServerIsToldToBothSides) {
  configure({.name = "alpha"}, {.name = "beta", .begins_in_s = -2 * kDay, .ends_in_s = -kDay});
  const Pair pair = shaken();
  EXPECT_THAT(pair.client.error, AllOf(HasSubstr("certificate beta"), HasSubstr("expired at 20")));
  EXPECT_THAT(pair.server.error, HasSubstr("the peer refused our certificate"));
  EXPECT_THAT(pair.server.error, HasSubstr("it has expired by the peer's clock"));
}

TEST_F(CertificateEngine, NotYetValidIsToldToBothSides) {
  configure({.name = "alpha", .begins_in_s = kDay, .ends_in_s = 2 * kDay}, {.name = "beta"});
  const Pair pair = shaken();
  EXPECT_THAT(pair.server.error, HasSubstr("it is not valid before 20"));
  EXPECT_THAT(pair.client.error, HasSubstr("by the peer's clock not yet valid"));
}

TEST_F(CertificateEngine, WrongNameIsToldToBothSides) {
  configure({.name = "gamma"}, {.name = "beta"});
  const Pair pair = shaken();
  EXPECT_THAT(pair.server.error,
              AllOf(HasSubstr("certificate gamma"), HasSubstr("not for the name \"alpha\"")));
  EXPECT_THAT(pair.client.error, HasSubstr("not for the name that the peer expects"));
}

TEST_F(CertificateEngine, WrongServerNameIsRefusedByTheClient) {
  configure({.name = "alpha"}, {.name = "gamma"});
  const Pair pair = shaken();
  EXPECT_THAT(pair.client.error, HasSubstr("not for the name \"beta\""));
  EXPECT_THAT(pair.server.error, HasSubstr("not for the name that the peer expects"));
}

TEST_F(CertificateEngine, CommonNameIsNoName) {
  configure({.name = ""}, {.name = "beta"});
  ASSERT_TRUE(beta_.link("main", authority_.issue({.name = "beta"}, "node")));
  EXPECT_THAT(shaken().server.error,
              AllOf(HasSubstr("without a DNS name"), HasSubstr("not for the name \"node\"")));
}

TEST_F(CertificateEngine, UnknownAuthorityIsToldToBothSides) {
  configure({.name = "alpha"}, {.name = "beta"});
  CertificateTls foreign = stranger_.issue({.name = "alpha"}, "beta");
  foreign.ca = files_.path("ca1.ca");
  ASSERT_TRUE(alpha_.link("dr", foreign));
  const Pair pair = shaken();
  EXPECT_THAT(pair.server.error, HasSubstr("it is not signed by this link's ca"));
  EXPECT_THAT(pair.client.error, HasSubstr("not signed by the ca that the peer trusts"));
}

TEST_F(CertificateEngine, ServerOnlyUsageIsNoClient) {
  configure({.name = "alpha", .key_usage = "serverAuth"}, {.name = "beta"});
  const Pair pair = shaken();
  EXPECT_THAT(pair.server.error, HasSubstr("needs both serverAuth and clientAuth, or none"));
  EXPECT_THAT(pair.client.error, HasSubstr("extended key usage does not allow"));
}

TEST_F(CertificateEngine, AnyNameTakesEveryNameOfTheAuthorityOnly) {
  ASSERT_TRUE(alpha_.link("dr", authority_.issue({.name = "alpha"}, "*")));
  ASSERT_TRUE(beta_.link("main", authority_.issue({.name = "beta"}, "*")));
  Pair pair = this->pair();
  EXPECT_TRUE(pair.shake()) << pair.client.error << pair.server.error;
  CertificateTls foreign = stranger_.issue({.name = "beta"}, "*");
  ASSERT_TRUE(beta_.link("main", foreign));
  EXPECT_THAT(shaken().client.error, HasSubstr("not signed by this link's ca"));
}

TEST_F(CertificateEngine, NameAndAuthoritySelectTheLink) {
  configure({.name = "alpha"}, {.name = "beta"});
  ASSERT_TRUE(beta_.link("any", authority_.issue({.name = "beta"}, "*")));
  ASSERT_TRUE(beta_.link("other", stranger_.issue({.name = "beta2"}, "*")));
  Pair named = pair();
  ASSERT_TRUE(named.shake()) << named.client.error << named.server.error;
  EXPECT_EQ(named.server.engine->link(), "main");
  ASSERT_TRUE(alpha_.link("dr", authority_.issue({.name = "delta"}, "beta")));
  Pair unnamed = pair();
  ASSERT_TRUE(unnamed.shake()) << unnamed.client.error << unnamed.server.error;
  EXPECT_EQ(unnamed.server.engine->link(), "any");
}

TEST_F(CertificateEngine, AskedNameSelectsTheCertificateShown) {
  configure({.name = "alpha"}, {.name = "beta"});
  ASSERT_TRUE(beta_.link("other", stranger_.issue({.name = "beta2"}, "alpha")));
  ASSERT_TRUE(alpha_.link("dr", stranger_.issue({.name = "alpha"}, "beta2")));
  Pair pair = this->pair();
  ASSERT_TRUE(pair.shake()) << pair.client.error << pair.server.error;
  EXPECT_EQ(pair.server.engine->link(), "other");
}

TEST_F(CertificateEngine, KeyAndCertificateLinksShareAPort) {
  configure({.name = "alpha"}, {.name = "beta"});
  const PskTls key{.psk_file = files_.write("k.psk", key_line("k1", 1))};
  ASSERT_TRUE(beta_.link("keyed", key));
  Pair by_certificate = pair();
  ASSERT_TRUE(by_certificate.shake()) << by_certificate.server.error;
  EXPECT_EQ(by_certificate.server.engine->link(), "main");
  ASSERT_TRUE(alpha_.link("dr", key));
  Pair by_key = pair();
  ASSERT_TRUE(by_key.shake()) << by_key.server.error;
  EXPECT_EQ(by_key.server.engine->link(), "keyed");
}

TEST_F(CertificateEngine, KeyOfNobodyMeetsACertificate) {
  configure({.name = "alpha"}, {.name = "beta"});
  ASSERT_TRUE(alpha_.link("dr", PskTls{.psk_file = files_.write("k.psk", key_line("k1", 1))}));
  const Pair pair = shaken();
  EXPECT_THAT(pair.server.error, HasSubstr("unknown key identity \"k1\""));
  EXPECT_THAT(pair.client.error, AllOf(HasSubstr("the peer refused our key \"k1\""),
                                       HasSubstr("showed a certificate instead")));
}

TEST_F(CertificateEngine, CertificateMeetsAKeyOnlyPort) {
  configure({.name = "alpha"}, {.name = "beta"});
  ASSERT_TRUE(beta_.link("main", PskTls{.psk_file = files_.write("k.psk", key_line("k1", 1))}));
  const Pair pair = shaken();
  EXPECT_THAT(pair.server.error, HasSubstr("the peer offered no pre-shared key"));
  EXPECT_THAT(pair.client.error, HasSubstr("it may expect a key file"));
}

TEST_F(CertificateEngine, PrivateKeyThatOthersCanReadIsRefused) {
  const CertificateTls tls = authority_.issue({.name = "alpha"}, "beta");
  ASSERT_EQ(::chmod(tls.key.c_str(), 0640), 0);
  const auto loaded = alpha_.link("dr", tls);
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().message, AllOf(HasSubstr(tls.key), HasSubstr("chmod 600")));
}

TEST_F(CertificateEngine, PrivateKeyOfAnotherCertificateIsRefused) {
  CertificateTls tls = authority_.issue({.name = "alpha"}, "beta");
  tls.key = stranger_.issue({.name = "other"}, "beta").key;
  const auto loaded = alpha_.link("dr", tls);
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().message, HasSubstr("does not belong to the certificate"));
}

TEST_F(CertificateEngine, PeerNameThatIsNoNameIsRefused) {
  for (const char* name : {"", ".example"}) {
    const auto loaded = alpha_.link("dr", authority_.issue({.name = "alpha"}, name));
    ASSERT_FALSE(loaded);
    EXPECT_THAT(loaded.error().message, HasSubstr("is not a host name"));
  }
}

TEST_F(CertificateEngine, DamagedAndEmptyCertificateFilesAreNamed) {
  CertificateTls tls = authority_.issue({.name = "alpha"}, "beta");
  tls.ca = files_.write("empty.ca", "nothing here\n");
  EXPECT_THAT(alpha_.link("dr", tls).error().message, HasSubstr("holds no PEM certificate"));
  tls.ca = files_.write("bad.ca", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  EXPECT_THAT(alpha_.link("dr", tls).error().message, HasSubstr("certificate 1 in it is damaged"));
}

WallTime in(long seconds) {
  return std::chrono::system_clock::now() + std::chrono::seconds(seconds);
}

TEST_F(CertificateEngine, BothSidesKnowWhenBothCertificatesExpire) {
  configure({.name = "alpha", .ends_in_s = 600}, {.name = "beta", .ends_in_s = 1200});
  constexpr auto kSlack = std::chrono::seconds(60);
  EXPECT_LT(std::chrono::abs(*alpha_.certificate_ends("dr") - in(600)), kSlack);
  EXPECT_LT(std::chrono::abs(*beta_.certificate_ends("main") - in(1200)), kSlack);
  Pair pair = this->pair();
  EXPECT_FALSE(pair.client.engine->peer_certificate_ends()) << "nothing is shown yet";
  ASSERT_TRUE(pair.shake()) << pair.client.error << pair.server.error;
  EXPECT_LT(std::chrono::abs(*pair.client.engine->peer_certificate_ends() - in(1200)), kSlack);
  EXPECT_LT(std::chrono::abs(*pair.server.engine->peer_certificate_ends() - in(600)), kSlack);
}

TEST_F(CertificateEngine, AnAuthorityThatExpiresFirstCounts) {
  // Those of these tests are valid for an hour.
  configure({.name = "alpha", .ends_in_s = 100L * 365 * kDay},
            {.name = "beta", .ends_in_s = 100L * 365 * kDay});
  Pair pair = this->pair();
  ASSERT_TRUE(pair.shake()) << pair.client.error << pair.server.error;
  EXPECT_LT(*pair.client.engine->peer_certificate_ends(), in(kDay));
  EXPECT_GT(*alpha_.certificate_ends("dr"), in(50L * 365 * kDay)) << "our own, without authority";
}

TEST_F(CertificateEngine, ADateBeyondOurClockIsItsLastSecond) {
  configure({.name = "alpha", .ends_in_s = 1000L * 365 * kDay}, {.name = "beta"});
  EXPECT_GT(*alpha_.certificate_ends("dr"), in(200L * 365 * kDay));
}

}  // namespace
}  // namespace longthrow
