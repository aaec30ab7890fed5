// One request on its way through httplib and back.
//
// Private to lib/http.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include <httplib.h>

#include "http/connection_table.h"
#include "http/message.h"
#include "http/request_head.h"
#include "http/socket_stream.h"

namespace postrider::http {

/// httplib's server without its sockets and threads.
class Codec final : public httplib::Server {
 public:
  using httplib::Server::process_request;

  /// httplib ends streamed responses unless it believes to be listening.
  void mark_running(int fd) { svr_sock_ = fd; }
  void mark_stopped() { svr_sock_ = INVALID_SOCKET; }
};

/// One request on its way through httplib and back.
struct Exchange {
  Connection& connection;
  RequestHead head{};
  int refused = 0;  ///< the status of the response if the head is invalid
  std::string refused_detail{};
  httplib::Request* raw = nullptr;  ///< valid while httplib has the request
  MonoTime begun{};                 ///< when the head had been read
  bool has_body = false;
  bool close = false;  ///< after the response
  bool streaming = false;
  std::function<void(Resume)> deferred{};  ///< of a response that comes later
};

/// Passes the exchange to the handler in a member of httplib's request that servers do not use.
struct ExchangeHandle {
  Exchange* exchange;
  bool operator()(std::uint64_t, std::uint64_t) const { return true; }
};

[[nodiscard]] Exchange& exchange_of(const httplib::Request& raw);

class ChunkWriter final : public StreamWriter {
 public:
  ChunkWriter(httplib::DataSink& sink, SocketStream& stream, const ConnectionTable& connections)
      : sink_(sink), stream_(stream), connections_(connections) {}

  bool write(std::string_view bytes) override {
    if (bytes.empty()) return open();
    return open() && sink_.write(bytes.data(), bytes.size()) && stream_.flush();
  }

  bool open() override {
    return !connections_.stopping() && !stream_.failed() && !stream_.peer_gone();
  }

 private:
  httplib::DataSink& sink_;
  SocketStream& stream_;
  const ConnectionTable& connections_;
};

/// Reads the head of the next request. False if the client is gone. An invalid head gets a
/// response, and the connection is then closed, because the start of the next request is not known.
[[nodiscard]] bool read_head(Exchange& exchange, std::size_t bytes_max);

/// The request as httplib gets it: of "/", with nothing but the framing of its body. So httplib
/// neither decodes forms, multiparts and encodings, nor slices responses by Range, nor compresses
/// them.
[[nodiscard]] std::string framing_of(const Exchange& exchange);

/// Moves our response into httplib's.
void put(Response answer, httplib::Response& raw);

/// A response as the bytes on the wire, where httplib does not write it. `keep_alive`: how long the
/// connection then stays open; zero closes it.
[[nodiscard]] std::string serialized(const Response& answer, std::chrono::seconds keep_alive);

/// The error handler of a server that was given none.
[[nodiscard]] Response plain_error(int status, std::string_view detail, const Request& request);

}  // namespace postrider::http
