// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/control/control_fixture.h"

namespace longthrow::test {
namespace {

class Http : public ControlTest {
 protected:
  Http() { start(true); }
  static std::string body(const std::string& response) {
    const std::size_t end = response.find("\r\n\r\n");
    return end == std::string::npos ? std::string() : response.substr(end + 4);
  }
};

TEST_F(Http, StatusIsTheSameAsOnTheControlSocket) {
  const json::value over_http = json::parse(body(get("/status")));
  EXPECT_EQ(over_http, ask(R"({"command":"status"})").at("status"));
}

TEST_F(Http, MetricsArePrometheusText) {
  const std::string response = get("/metrics");
  EXPECT_TRUE(response.starts_with("HTTP/1.1 200"));
  EXPECT_NE(response.find("Content-Type: text/plain; version=0.0.4"), std::string::npos);
  EXPECT_NE(response.find("longthrow_link_up{link=\"dr\"} 1"), std::string::npos);
}

TEST_F(Http, FrontPageNamesTheOthers) {
  const std::string page = body(get("/"));
  EXPECT_NE(page.find("href=\"status\""), std::string::npos);
  EXPECT_NE(page.find("href=\"metrics\""), std::string::npos);
}

TEST_F(Http, QueryStringIsIgnored) { EXPECT_TRUE(get("/status?x=1").starts_with("HTTP/1.1 200")); }

TEST_F(Http, NothingElseIsThere) {
  for (const char* target : {"/etc/passwd", "/../status", "/status/", "/favicon.ico", "*"}) {
    EXPECT_FALSE(get(target).starts_with("HTTP/1.1 200")) << target;
  }
}

TEST_F(Http, HeadHasNoBody) {
  const std::string response = http("HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(response.starts_with("HTTP/1.1 200"));
  EXPECT_EQ(body(response), "");
}

TEST_F(Http, OtherMethodsAreRefused) {
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS"}) {
    const std::string response =
        http(std::string(method) + " /status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(response.starts_with("HTTP/1.1 405")) << method << ": " << response;
    EXPECT_NE(response.find("Allow: GET, HEAD"), std::string::npos);
  }
}

TEST_F(Http, BadRequestsAreAnsweredAndClosed) {
  for (const char* request :
       {"\r\n\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\x16\x03\x01 TLS hello\r\n\r\n",
        "GET / HTTP/1.1\r\nbad header\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"}) {
    const std::string response = http(request);
    EXPECT_TRUE(response.empty() || response.starts_with("HTTP/1.1 400")) << response;
  }
  EXPECT_TRUE(get("/").starts_with("HTTP/1.1 200"));
}

TEST_F(Http, HeadersAreBounded) {
  const std::string response =
      http("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(20'000, 'a') + "\r\n\r\n");
  EXPECT_TRUE(response.empty() || response.starts_with("HTTP/1.1 400")) << response;
}

TEST_F(Http, ConnectionIsKeptForTheNextRequest) {
  ByteClient client(control_->http_endpoint()->port);
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.line(), "HTTP/1.1 200 OK\r");
  client.send("GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_NE(client.rest().find("HTTP/1.1 404"), std::string::npos);
}

TEST_F(Http, CrowdBeyondTheLimitDoesNotKeepOthersOutForEver) {
  std::vector<std::unique_ptr<ByteClient>> crowd;
  for (int i = 0; i < 80; ++i) {
    crowd.push_back(std::make_unique<ByteClient>(control_->http_endpoint()->port));
  }
  crowd.clear();
  EXPECT_TRUE(eventually([&] { return get("/").starts_with("HTTP/1.1 200"); }));
}

}  // namespace
}  // namespace longthrow::test
