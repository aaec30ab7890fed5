#include "http/client.h"

#include <httplib.h>

namespace postrider::http {
namespace {

/// A line longer than this ends a stream: no server-sent event of ours comes near it.
constexpr std::size_t kLineBytesMax = 1U << 20U;

std::string reason(httplib::Error error) {
  switch (error) {
    case httplib::Error::Connection:
    case httplib::Error::ConnectionTimeout:
      return "cannot connect";
    case httplib::Error::Read:
      return "no answer";
    case httplib::Error::Write:
      return "cannot send";
    case httplib::Error::SSLConnection:
    case httplib::Error::SSLLoadingCerts:
    case httplib::Error::SSLServerVerification:
      return "TLS failed";
    case httplib::Error::Success:
    case httplib::Error::Unknown:
    case httplib::Error::BindIPAddress:
    case httplib::Error::ExceedRedirectCount:
    case httplib::Error::Canceled:
    case httplib::Error::UnsupportedMultipartBoundaryChars:
    case httplib::Error::Compression:
      break;
  }
  return "the connection broke";
}

/// Cuts a byte stream into lines.
class LineCutter {
 public:
  explicit LineCutter(const std::function<bool(std::string_view)>& on_line) : on_line_(on_line) {}

  bool feed(std::string_view bytes) {
    pending_.append(bytes);
    std::size_t begin = 0;
    for (std::size_t end = pending_.find('\n'); end != std::string::npos;
         end = pending_.find('\n', begin)) {
      std::string_view line = std::string_view(pending_).substr(begin, end - begin);
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (!on_line_(line)) return false;
      begin = end + 1;
    }
    pending_.erase(0, begin);
    return pending_.size() <= kLineBytesMax;
  }

 private:
  const std::function<bool(std::string_view)>& on_line_;
  std::string pending_;
};

Headers headers_of(const httplib::Response& answer) {
  Headers headers;
  for (const auto& [name, value] : answer.headers) headers.add(name, value);
  return headers;
}

}  // namespace

class HttpClient::Impl {
 public:
  Impl(const std::string& origin, std::string prefix, std::string key, ClientOptions options)
      : client_(origin), origin_(origin), prefix_(std::move(prefix)), key_(std::move(key)) {
    client_.set_keep_alive(true);
    client_.set_tcp_nodelay(true);
    // Paths come encoded; httplib would encode them again.
    client_.set_url_encode(false);
    client_.set_follow_location(false);
    client_.set_connection_timeout(options.connect_timeout);
    client_.set_read_timeout(options.read_timeout);
    client_.set_write_timeout(options.read_timeout);
  }

  [[nodiscard]] bool valid() const { return client_.is_valid(); }

  [[nodiscard]] httplib::Request prepare(std::string_view method, std::string_view path) const {
    httplib::Request request;
    request.method = method;
    request.path = prefix_ + std::string(path);
    if (!key_.empty()) request.set_header("Authorization", "Bearer " + key_);
    return request;
  }

  Result<HttpResponse> send(const httplib::Request& request, bool cancelled_is_fine) {
    const auto result = client_.send(request);
    if (result) return HttpResponse{result->status, headers_of(*result), result->body};
    if (cancelled_is_fine && result.error() == httplib::Error::Canceled)
      return HttpResponse{200, {}, {}};
    return fail(
        Errc::kUnavailable,
        origin_ + ": " + reason(result.error()),
        static_cast<int>(result.error())
    );
  }

 private:
  httplib::Client client_;
  const std::string origin_;
  const std::string prefix_;
  const std::string key_;
};

HttpClient::HttpClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;
HttpClient::~HttpClient() = default;

Result<HttpClient> HttpClient::open(
    std::string_view base_url, std::string bearer_key, ClientOptions options
) {
  const bool known = base_url.starts_with("http://") || base_url.starts_with("https://");
  const std::size_t authority = base_url.find("//");
  const bool clean = base_url.find_first_of(" \t\r\n?#@") == std::string_view::npos;
  if (!known || !clean) {
    return fail(Errc::kInvalidArgument, "not a server address such as http://127.0.0.1:8080");
  }
  if (bearer_key.find_first_of(" \t\r\n") != std::string::npos) {
    return fail(Errc::kInvalidArgument, "an API key has no white space");
  }
  const std::size_t slash = base_url.find('/', authority + 2);
  const std::string origin(base_url.substr(0, slash));
  std::string prefix(slash == std::string_view::npos ? "" : base_url.substr(slash));
  while (prefix.ends_with('/')) prefix.pop_back();
  auto impl = std::make_unique<Impl>(origin, std::move(prefix), std::move(bearer_key), options);
  if (!impl->valid()) {
    return fail(Errc::kInvalidArgument, "not a server address such as http://127.0.0.1:8080");
  }
  return HttpClient(std::move(impl));
}

Result<HttpResponse> HttpClient::request(
    std::string_view method,
    std::string_view path,
    std::string body,
    std::string_view content_type,
    const Headers& headers
) {
  httplib::Request request = impl_->prepare(method, path);
  for (const auto& [name, value] : headers) request.headers.emplace(name, value);
  if (!content_type.empty()) request.set_header("Content-Type", std::string(content_type));
  request.body = std::move(body);
  return impl_->send(request, false);
}

Result<HttpResponse> HttpClient::stream(
    std::string_view path, const std::function<bool(std::string_view line)>& on_line
) {
  httplib::Request request = impl_->prepare("GET", path);
  request.set_header("Accept", "text/event-stream");
  LineCutter lines(on_line);
  int status = 0;
  std::string refusal;
  request.response_handler = [&](const httplib::Response& answer) {
    status = answer.status;
    return true;
  };
  request.content_receiver = [&](const char* bytes, std::size_t size, std::uint64_t, std::uint64_t
                             ) {
    if (status == 200) return lines.feed({bytes, size});
    refusal.append(bytes, size);
    return refusal.size() <= kLineBytesMax;
  };
  auto answer = impl_->send(request, true);
  if (answer && status != 200) answer->body = std::move(refusal);
  return answer;
}

}  // namespace postrider::http
