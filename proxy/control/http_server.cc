// SPDX-License-Identifier: Apache-2.0
#include "proxy/control/http_server.h"

#include <netinet/in.h>

#include <algorithm>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <optional>
#include <utility>

#include "proxy/base/log.h"
#include "proxy/control/json.h"
#include "proxy/control/metrics.h"
#include "proxy/control/status_json.h"

namespace longthrow::control {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;

constexpr std::string_view kPage =
    "<!doctype html>\n<html lang=\"en\"><head><meta "
    "charset=\"utf-8\"><title>Longthrow</title></head>\n"
    "<body><h1>Longthrow</h1>\n<ul><li><a href=\"status\">status</a> (JSON)</li>\n"
    "<li><a href=\"metrics\">metrics</a> (Prometheus)</li></ul></body></html>\n";

class HttpSession : public std::enable_shared_from_this<HttpSession> {
 public:
  HttpSession(tcp::socket socket, const HttpServer::StatusSource& source, const HttpLimits& limits,
              std::shared_ptr<void> token)
      : stream_(std::move(socket)), source_(source), limits_(limits), token_(std::move(token)) {}

  void read() {
    parser_.emplace();
    parser_->header_limit(limits_.header_bytes);
    parser_->body_limit(0);
    stream_.expires_after(limits_.deadline);
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](const beast::error_code& error, std::size_t) {
                       self->on_read(error);
                     });
  }

 private:
  void on_read(const beast::error_code& error) {
    if (error == http::error::end_of_stream) return close();
    if (error.category() == http::make_error_code(http::error::bad_method).category()) {
      keep_alive_ = false;  // the bytes that follow cannot be parsed either
      return text(http::status::bad_request, "bad request\n");
    }
    if (error) return;  // gone, or too slow
    answer(parser_->get());
  }

  void answer(const http::request<http::empty_body>& request) {
    keep_alive_ = request.keep_alive();
    version_ = request.version();
    head_ = request.method() == http::verb::head;
    if (request.method() != http::verb::get && !head_) {
      return text(http::status::method_not_allowed, "only GET: this page changes nothing\n");
    }
    const std::string_view target(request.target().data(), request.target().size());
    const std::string_view path = target.substr(0, target.find('?'));
    if (path == "/") return send(http::status::ok, "text/html; charset=utf-8", std::string(kPage));
    if (path != "/status" && path != "/metrics") {
      return text(http::status::not_found, "not here: there are /, /status and /metrics\n");
    }
    source_([self = shared_from_this(), metrics = path == "/metrics"](Result<Status> status) {
      self->on_status(metrics, status);
    });
  }

  void on_status(bool metrics, const Result<Status>& status) {
    if (!status) return text(http::status::service_unavailable, status.error().message + "\n");
    if (metrics) {
      return send(http::status::ok, "text/plain; version=0.0.4; charset=utf-8",
                  metrics_text(*status));
    }
    send(http::status::ok, "application/json", json::serialize(status_to_json(*status)) + "\n");
  }

  void text(http::status code, std::string body) {
    send(code, "text/plain; charset=utf-8", std::move(body));
  }

  void send(http::status code, std::string_view type, std::string body) {
    const std::size_t body_bytes = body.size();
    response_.emplace(code, version_);
    response_->set(http::field::content_type, {type.data(), type.size()});
    response_->set(http::field::cache_control, "no-store");
    response_->set("X-Content-Type-Options", "nosniff");
    if (code == http::status::method_not_allowed) response_->set(http::field::allow, "GET, HEAD");
    response_->keep_alive(keep_alive_);
    if (!head_) response_->body() = std::move(body);
    response_->content_length(body_bytes);
    stream_.expires_after(limits_.deadline);
    http::async_write(stream_, *response_,
                      [self = shared_from_this()](const beast::error_code& error, std::size_t) {
                        self->on_sent(error);
                      });
  }

  void on_sent(const beast::error_code& error) {
    if (error) return;
    if (!keep_alive_) return close();
    read();
  }

  void close() {
    beast::error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  }

  beast::tcp_stream stream_;
  beast::flat_buffer buffer_{std::size_t{16} * 1024};  // the most that is read ahead
  const HttpServer::StatusSource& source_;
  const HttpLimits limits_;
  std::shared_ptr<void> token_;
  std::optional<http::request_parser<http::empty_body>> parser_;
  std::optional<http::response<http::string_body>> response_;
  unsigned version_ = 11;
  bool keep_alive_ = false;
  bool head_ = false;
};

tcp::endpoint to_asio(const Endpoint& endpoint) {
  if (endpoint.family == Endpoint::Family::ipv4) {
    asio::ip::address_v4::bytes_type bytes{};
    std::copy_n(endpoint.address.begin(), bytes.size(), bytes.begin());
    return {asio::ip::address_v4(bytes), endpoint.port};
  }
  asio::ip::address_v6::bytes_type bytes{};
  std::copy_n(endpoint.address.begin(), bytes.size(), bytes.begin());
  return {asio::ip::address_v6(bytes, endpoint.scope_id()), endpoint.port};
}

}  // namespace

HttpServer::HttpServer(asio::io_context& io, StatusSource source, HttpLimits limits)
    : io_(io), source_(std::move(source)), limits_(limits), acceptor_(io), retry_(io) {}

Result<void> HttpServer::open(const Endpoint& where) {
  if (where.awaits_interface()) {
    return fail(ErrorCode::interface_missing,
                format("node.http: cannot listen on {}: there is no interface \"{}\"",
                       to_string(where), where.zone));
  }
  const tcp::endpoint address = to_asio(where);
  boost::system::error_code error;
  acceptor_.open(address.protocol(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error && address.address().is_v6()) {
    acceptor_.set_option(asio::ip::v6_only(true), error);
  }
  // The address of a VPN or a cluster may come later, which must not keep the node from starting.
  if (!error) {
    using asio::detail::socket_option::boolean;
    if (address.address().is_v4()) {
      acceptor_.set_option(boolean<IPPROTO_IP, IP_FREEBIND>(true), error);
    } else {
      acceptor_.set_option(boolean<IPPROTO_IPV6, IPV6_FREEBIND>(true), error);
    }
  }
  if (!error) acceptor_.bind(address, error);
  if (!error) acceptor_.listen(limits_.connections, error);
  if (error) {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    return fail(format("node.http: cannot listen on {}: {}", to_string(where), error.message()),
                error.value());
  }
  local_ = where;
  local_.port = acceptor_.local_endpoint(error).port();
  return {};
}

void HttpServer::accept() {
  acceptor_.async_accept([this](const boost::system::error_code& error, tcp::socket socket) {
    on_accept(error, std::move(socket));
  });
}

void HttpServer::on_accept(const boost::system::error_code& error, tcp::socket socket) {
  if (error == asio::error::operation_aborted) return;
  if (error) {  // out of descriptors: the connection waits in the backlog meanwhile
    retry_.expires_after(std::chrono::milliseconds(100));
    retry_.async_wait([this](const boost::system::error_code& stopped) {
      if (!stopped) accept();
    });
    return;
  }
  // Beyond the limit a connection is closed at once: a scraper tries again.
  if (token_.use_count() <= limits_.connections) {
    std::make_shared<HttpSession>(std::move(socket), source_, limits_, token_)->read();
  }
  accept();
}

}  // namespace longthrow::control
