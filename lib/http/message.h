// HTTP messages. Only lib/http uses the types of httplib.
#pragma once

#include <chrono>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postrider::http {

/// Header fields in their order. Names compare without case; repeats are kept.
class Headers {
 public:
  using Field = std::pair<std::string, std::string>;

  Headers() = default;
  Headers(std::initializer_list<Field> fields) : fields_(fields) {}

  void add(std::string name, std::string value);
  /// Replaces every field of that name.
  void set(std::string_view name, std::string value);

  /// The first value of that name, valid until the headers change.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
  /// The first value of that name, or empty.
  [[nodiscard]] std::string_view get(std::string_view name) const;
  [[nodiscard]] std::size_t count(std::string_view name) const;

  [[nodiscard]] auto begin() const { return fields_.begin(); }
  [[nodiscard]] auto end() const { return fields_.end(); }
  [[nodiscard]] bool empty() const { return fields_.empty(); }

 private:
  std::vector<Field> fields_;
};

using Fields = std::vector<std::pair<std::string, std::string>>;

/// A request as a handler of Server sees it. The body is what the client sent, byte for byte,
/// whatever its content type says.
struct Request {
  std::string id;  ///< what logs and responses call the request; see Server::set_identifier
  std::string method;
  std::string target;      ///< path and query as they came
  std::string path;        ///< percent-decoded, without the query
  std::string_view route;  ///< the pattern of its route, the router's; empty when there is none
  Fields path_parameters;  ///< `{id}` of the route's pattern, percent-decoded
  Fields query;            ///< percent-decoded, in order, repeats kept
  Headers headers;         ///< values as they came: never percent-decoded
  std::string body;
  std::string remote_address;

  /// The value of a path parameter, or empty when the pattern has none of that name.
  [[nodiscard]] std::string_view parameter(std::string_view name) const;
  /// The first value of a query parameter.
  [[nodiscard]] std::optional<std::string_view> query_value(std::string_view name) const;
};

/// Where a streamed response goes. Owned by the connection's thread.
class StreamWriter {
 public:
  StreamWriter() = default;
  StreamWriter(const StreamWriter&) = delete;
  StreamWriter& operator=(const StreamWriter&) = delete;
  virtual ~StreamWriter() = default;

  /// Sends the bytes at once. False when the client is gone, too slow, or the server stops.
  virtual bool write(std::string_view bytes) = 0;

  /// Whether it is worth going on: false once the client is gone or the server stops.
  [[nodiscard]] virtual bool open() = 0;
};

/// Writes a streamed response; returns when it is complete. Runs on the connection's thread, so it
/// looks at StreamWriter::open at least every second.
using StreamBody = std::function<void(StreamWriter&)>;

struct Response;

/// Makes a deferred response. Runs on a serving thread.
using DeferredResponse = std::function<Response(const Request&)>;
/// Answers a request that waits. May be called on any thread, once, and never blocks. Does nothing
/// when the connection has ended meanwhile.
using Resume = std::function<void(DeferredResponse)>;

struct Response {
  int status = 200;
  std::string body;
  std::string content_type;  ///< left out of the response when empty and there is no body
  Headers headers;
  /// When set, `body` is ignored and the response is sent in chunks (server-sent events).
  StreamBody stream;
  /// When set, all other members are ignored: the request waits for its response and holds no
  /// thread. Called once, when the request waits; it starts the work that ends with a call of
  /// `Resume`, and returns at once. The work sees to it that the wait is bounded.
  std::function<void(Resume)> deferred;
};

/// %XX decoded; a stray % stays as it is. `plus_is_space` for query strings.
[[nodiscard]] std::string percent_decode(std::string_view text, bool plus_is_space);
/// Everything but unreserved characters as %XX: for a path segment or a query value.
[[nodiscard]] std::string percent_encode(std::string_view text);
/// `a=1&b=2` as decoded pairs.
[[nodiscard]] Fields parse_query(std::string_view query);

[[nodiscard]] bool equals_ignoring_case(std::string_view left, std::string_view right);

}  // namespace postrider::http
