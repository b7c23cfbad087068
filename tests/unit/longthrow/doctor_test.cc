// SPDX-License-Identifier: Apache-2.0
// The XML in data/ is what Debian's drbdadm 9.22 printed.
#include "tools/longthrow/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "longthrow/bytes.h"
#include "tests/support/temp_dir.h"
#include "tools/longthrow/read_status.h"

namespace longthrow::cli {
namespace {

using ::testing::HasSubstr;

DrbdResource resource(const std::string& name) {
  const std::string xml = read_text(std::string(SOURCE_DIR "/tests/unit/longthrow/data/") + name);
  auto resources = parse_drbd_xml(xml);
  EXPECT_TRUE(resources) << resources.error().message;
  EXPECT_EQ(resources->size(), 1U);
  return resources->front();
}

class Doctor : public ::testing::Test {
 protected:
  Doctor() {
    host_.congestion_controls = "reno cubic bbr";
    host_.tcp_wmem_max = host_.tcp_rmem_max = 64 * kMiB;
  }
  // 4 GiB of memlimit, 80 ms; `rate_bytes_s` 0: nobody knows what the WAN carries.
  [[nodiscard]] json::object status(double rate_bytes_s = 0) const {
    const json::object link = {{"state", "up"},
                               {"rtt_ms", rtt_ms_},
                               {"buffer", {{"limit_bytes", 4 * kGiB}}},
                               {"bandwidth_bytes_s", rate_bytes_s},
                               {"limited_by", "source"}};
    const json::object route = {
        {"link", "dr"}, {"listen", "127.0.0.2:7788"}, {"drbd", json::object{}}};
    return {{"io", "io_uring"}, {"links", {{"dr", link}}}, {"routes", {{"r0", route}}}};
  }
  [[nodiscard]] Diagnosis of(const DrbdResource& drbd, double rate_bytes_s = 0) const {
    return diagnose(read_status(status(rate_bytes_s)), {drbd}, host_);
  }
  static std::string all(const Diagnosis& diagnosis) {
    std::string text;
    for (const Finding& finding : diagnosis.findings)
      text += finding.about + ": " + finding.what + " -> " + finding.remedy + "\n";
    for (const std::string& note : diagnosis.notes) text += note + "\n";
    return text;
  }

  HostFacts host_;
  double rtt_ms_ = 80;
};

TEST_F(Doctor, SaysThatNothingPasses) {
  const json::object link = {{"state", "up"},
                             {"warnings", {{{"name", "nothing_passes"}, {"text", "since long"}}}}};
  const Diagnosis diagnosis =
      diagnose(read_status({{"io", "io_uring"}, {"links", {{"dr", link}}}}), {}, host_);
  ASSERT_EQ(diagnosis.findings.size(), 1U) << all(diagnosis);
  EXPECT_THAT(diagnosis.findings[0].remedy, HasSubstr("tcp_mtu_probing=1"));
}

TEST_F(Doctor, SaysThatACertificateExpires) {
  for (const char* name : {"certificate_ends", "certificate_ended"}) {
    const json::object link = {{"state", "up"}, {"warnings", {{{"name", name}, {"text", "soon"}}}}};
    const Diagnosis diagnosis =
        diagnose(read_status({{"io", "io_uring"}, {"links", {{"dr", link}}}}), {}, host_);
    ASSERT_EQ(diagnosis.findings.size(), 1U) << all(diagnosis);
    EXPECT_EQ(diagnosis.findings[0].about, "link dr");
    EXPECT_EQ(diagnosis.findings[0].what, "soon");
    EXPECT_THAT(diagnosis.findings[0].remedy, HasSubstr("longthrow reload"));
  }
}

TEST_F(Doctor, SaysThatARouteIsEncryptedInside) {
  const json::object warned = {
      {"link", "dr"}, {"warnings", {{{"name", "inner_tls"}, {"text", "its connections are"}}}}};
  const json::object plain = {{"link", "dr"}, {"warnings", json::array{}}};
  const json::object routes = {{"wal", warned}, {"other", plain}};
  const Diagnosis diagnosis =
      diagnose(read_status({{"io", "io_uring"}, {"routes", routes}}), {}, host_);
  ASSERT_EQ(diagnosis.findings.size(), 1U) << all(diagnosis);
  EXPECT_EQ(diagnosis.findings[0].about, "route wal");
  EXPECT_THAT(diagnosis.findings[0].remedy, HasSubstr("sslmode=disable gssencmode=disable"));
}

TEST_F(Doctor, HasNothingToSayOfTheRecommendedSettings) {
  EXPECT_EQ(all(of(resource("recommended.xml"))), "");
  EXPECT_EQ(all(of(resource("recommended.xml"), 1.25e6)), "");
}

TEST_F(Doctor, ForetellsTheCutOfAnUnansweredBarrier) {
  const std::string text = all(of(resource("defaults.xml"), 1.25e6));
  EXPECT_THAT(text, HasSubstr("Remote failed to answer a P_BARRIER"));
  EXPECT_THAT(text, HasSubstr("ko-count * timeout = 42.0 s"));
  EXPECT_THAT(text, HasSubstr("net { ko-count 0; }"));
}

TEST_F(Doctor, SaysWhatTheWanMustCarryWhereItsRateIsNotKnown) {
  EXPECT_THAT(all(of(resource("defaults.xml"))), HasSubstr("only if the WAN carries 73.1 MiB/s"));
}

TEST_F(Doctor, IsContentWithAFastEnoughWan) {
  host_.tcp_wmem_max = host_.tcp_rmem_max = kGiB;
  EXPECT_EQ(all(of(resource("defaults.xml"), 200e6)).find("P_BARRIER"), std::string::npos);
}

TEST_F(Doctor, ComparesPingsWithTheRoundTrip) {
  rtt_ms_ = 300;
  EXPECT_THAT(all(of(resource("defaults.xml"))), HasSubstr("pings time out"));
  rtt_ms_ = 10;
  EXPECT_THAT(all(of(resource("defaults.xml"))), HasSubstr("A cut of the WAN of more than 0.5 s"));
}

TEST_F(Doctor, ALongPingTimeoutWantsAShortSocketCheck) {
  DrbdResource drbd = resource("recommended.xml");
  drbd.sections["net"].erase("socket-check-timeout");
  EXPECT_THAT(all(of(drbd)), HasSubstr("connecting is slow"));
}

TEST_F(Doctor, CongestionFillFollowsTheMemlimit) {
  DrbdResource drbd = resource("recommended.xml");
  const auto said = [&](const char* fill) {
    drbd.sections["net"]["congestion-fill"] = fill;
    return all(of(drbd));
  };
  EXPECT_EQ(said("3600M"), "");
  EXPECT_THAT(said("1G"), HasSubstr("net { congestion-fill 3686M; }"));
  EXPECT_THAT(said("11G"), HasSubstr("more than the 10 GiB"));
  EXPECT_THAT(said("0"), HasSubstr("it never acts"));
  drbd.sections["net"]["on-congestion"] = "block";
  EXPECT_EQ(said("0"), "");
}

TEST_F(Doctor, ASmallActivityLogAndAResyncWithoutNetAreSaid) {
  const std::string text = all(of(resource("defaults.xml")));
  EXPECT_THAT(text, HasSubstr("csums-alg crc32c"));
  EXPECT_THAT(text, HasSubstr("al-extents is 1237"));
  EXPECT_THAT(text, HasSubstr("snapshot-resync-target-lvm.sh"));
}

TEST_F(Doctor, OtherProtocolsThanAGainNothing) {
  DrbdResource drbd = resource("recommended.xml");
  drbd.sections["net"]["protocol"] = "C";
  EXPECT_THAT(all(of(drbd)), HasSubstr("It uses protocol C"));
}

TEST_F(Doctor, StateChangesOfDrbd9WaitBehindTheBuffer) {
  host_.drbd_version = "9.2.8";
  EXPECT_THAT(all(of(resource("recommended.xml"))), HasSubstr("twopc-timeout"));
}

TEST_F(Doctor, TcpBuffersMustHoldWhatIsUnderWay) {
  host_.tcp_wmem_max = 4 * kMiB;
  const std::string text = all(of(resource("recommended.xml"), 100e6));
  EXPECT_THAT(text, HasSubstr("net.ipv4.tcp_wmem=\"4096 131072 32000000\""));
  EXPECT_EQ(text.find("tcp_rmem"), std::string::npos);
}

TEST_F(Doctor, AnsweredPingsNeedAKoCountOfZero) {
  json::object here = status();
  here["routes"].as_object()["r0"].as_object()["drbd"] = {{"answers_pings", true}};
  DrbdResource drbd = resource("recommended.xml");
  EXPECT_EQ(all(diagnose(read_status(here), {drbd}, host_)), "");
  drbd.sections["net"]["ko-count"] = "7";
  EXPECT_THAT(all(diagnose(read_status(here), {drbd}, host_)), HasSubstr("answers DRBD's pings"));
}

TEST_F(Doctor, TheHostIsLookedAt) {
  host_.congestion_controls = "reno cubic";
  json::object here = status();
  here["io"] = "epoll";
  here["io_reason"] = "io_uring is switched off by sysctl";
  here["links"].as_object()["dr"].as_object()["buffer"].as_object()["locked"] = false;
  EXPECT_THAT(all(diagnose(read_status(here), {}, host_)), HasSubstr("LimitMEMLOCK=infinity"));
  const std::string text = all(diagnose(read_status(here), {}, host_));
  EXPECT_THAT(text, HasSubstr("modprobe tcp_bbr"));
  EXPECT_THAT(text, HasSubstr("switched off by sysctl"));
  here["io_reason"] = "epoll, as configured";
  EXPECT_EQ(all(diagnose(read_status(here), {}, host_)).find("io_uring"), std::string::npos);
}

TEST_F(Doctor, AResourceThatGoesAnotherWayIsOnlyNoted) {
  DrbdResource drbd = resource("defaults.xml");
  drbd.addresses = {"10.0.0.1:7788", "10.0.0.2:7788"};
  const Diagnosis diagnosis = of(drbd);
  EXPECT_TRUE(diagnosis.findings.empty());
  EXPECT_THAT(diagnosis.notes, ::testing::ElementsAre(HasSubstr("plain was not looked at")));
}

TEST_F(Doctor, ARouteThatIsNotOfProtocolDrbdIsFound) {
  json::object here = status();
  here["routes"].as_object()["r0"].as_object().erase("drbd");
  EXPECT_THAT(all(diagnose(read_status(here), {resource("recommended.xml")}, host_)),
              HasSubstr("[route.r0]  protocol = \"drbd\""));
}

TEST(DrbdConfig, CommonSectionsAreInherited) {
  const DrbdResource drbd = resource("defaults.xml");
  EXPECT_EQ(drbd.name, "plain");
  EXPECT_EQ(drbd.option("net", "protocol"), "A");
  EXPECT_EQ(drbd.option("net", "ko-count"), "");
  EXPECT_THAT(drbd.addresses, ::testing::ElementsAre("127.0.0.1:7788", "127.0.0.2:7788"));
}

TEST(DrbdConfig, OneResourceAloneIsUnderstood) {
  const auto resources = parse_drbd_xml("<resource name=\"r1\"></resource>");
  ASSERT_TRUE(resources);
  EXPECT_EQ(resources->front().name, "r1");
}

TEST(DrbdConfig, WhatIsNotDumpXmlIsAnError) {
  EXPECT_FALSE(parse_drbd_xml(""));
  EXPECT_FALSE(parse_drbd_xml("resource r0 { }"));
  EXPECT_FALSE(parse_drbd_xml("<html></html>"));
  EXPECT_FALSE(parse_drbd_xml("<config><resource>"));
}

TEST(DrbdConfig, AFileOfDumpXmlIsTakenAsItIs) {
  const TempDir folder;
  folder.write("dump.xml", "<config></config>");
  EXPECT_EQ(read_drbd_xml(folder / "dump.xml"), "<config></config>");
  EXPECT_FALSE(read_drbd_xml(folder / "none.xml"));
}

}  // namespace
}  // namespace longthrow::cli
