#include "transport/curl/transfer.h"

#include <algorithm>
#include <array>
#include <utility>

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/limits.h"
#include "base/log.h"

namespace postrider::curl {
namespace {

/// Many servers close a connection that was idle for 5 s. One reused at that very moment breaks the
/// request, so reuse ends before.
constexpr long kIdleSecondsMax = 4;

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

/// The value of a header line when it is of that name (lower case), else null data.
std::string_view value_of(std::string_view line, std::string_view name) {
  if (line.size() <= name.size() || line[name.size()] != ':') return {};
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (lower_ascii(line[i]) != name[i]) return {};
  }
  return trim(line.substr(name.size() + 1));
}

/// What a redirect means for the endpoint's owner; empty when it leads nowhere. Other than
/// printable ASCII becomes a space.
std::string redirect_text(std::string_view location) {
  constexpr std::size_t kShownMax = 200;
  if (location.empty()) return {};
  std::string text =
      "Redirects are not followed: set the endpoint's URL to the final address. Location: ";
  for (const char c : location.substr(0, kShownMax)) text += c > ' ' && c <= '~' ? c : ' ';
  if (location.size() > kShownMax) text += "...";
  return text;
}

/// An IP address as text, for the log.
std::string text_of(const sockaddr& address) {
  std::array<char, NI_MAXHOST> text{};
  const socklen_t size = address.sa_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  const int failed =
      ::getnameinfo(&address, size, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST);
  return failed == 0 ? text.data() : "unknown";
}

/// What a log may show of a URL: paths and queries carry secrets.
std::string host_of(const std::string& url) {
  const UrlHandle parsed{curl_url()};
  char* host = nullptr;
  if (parsed == nullptr || curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK ||
      curl_url_get(parsed.get(), CURLUPART_HOST, &host, 0) != CURLUE_OK)
    return "unknown";
  const CurlString owned{host};
  return owned.get();
}

}  // namespace

Transfer::Transfer(const CurlTransport::Options& options, SocketPoll& sockets)
    : options_(options), sockets_(sockets), easy_(curl_easy_init()) {}

bool Transfer::prepare(TransferId id, Request request) {
  id_ = id;
  request_ = std::move(request);
  if (easy_ == nullptr) return false;
  if (!set_up_) set_up_ = set_rules() && set_callbacks();
  if (!set_up_) return false;
  set_headers();
  return set_request();
}

void Transfer::set_headers() {
  // libcurl only reads the list: made here, its nodes point into the request and cost no copies.
  header_nodes_.clear();
  header_nodes_.reserve(request_.headers.size() + 1);
  for (std::string& header : request_.headers) {
    // libcurl takes "name:" for an order to leave the header out; "name;" sends it empty.
    const std::size_t colon = header.find(':');
    if (colon != std::string::npos && trim(std::string_view{header}.substr(colon + 1)).empty()) {
      header.resize(colon);
      header += ';';
    }
    header_nodes_.push_back({header.data(), nullptr});
  }
  header_nodes_.push_back({no_expect_.data(), nullptr});
  for (std::size_t i = 1; i < header_nodes_.size(); ++i) {
    header_nodes_[i - 1].next = &header_nodes_[i];
  }
}

bool Transfer::set_request() {
  CURL* easy = easy_.get();
  const auto timeout_ms = static_cast<long>(std::max<Millis::rep>(request_.timeout.count(), 1));
  const auto body_size = static_cast<curl_off_t>(request_.body.size());
  return curl_easy_setopt(easy, CURLOPT_URL, request_.url.c_str()) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, body_size) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request_.body.data()) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_HTTPHEADER, header_nodes_.data()) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms) == CURLE_OK;
}

bool Transfer::set_rules() {
  CURL* easy = easy_.get();
  const bool ca_is_set =
      options_.ca_file.empty() ||
      curl_easy_setopt(easy, CURLOPT_CAINFO, options_.ca_file.c_str()) == CURLE_OK;
  return ca_is_set && curl_easy_setopt(easy, CURLOPT_POST, 1L) == CURLE_OK &&
         // libcurl keeps the authorities it has read only when there is no directory of them;
         // else every TLS connection reads the whole bundle again, tens of milliseconds long.
         curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
         // A proxy of the environment would connect on our behalf, past the guard.
         curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_2TLS}) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
         // Else the end of a transfer joins its resolver thread: a name server that never answers
         // would stop every transfer.
         curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L) == CURLE_OK &&
         // The cache has no bound of its own, and every connect walks all of it.
         curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, kIdleSecondsMax) == CURLE_OK;
}

bool Transfer::set_callbacks() {
  CURL* easy = easy_.get();
  return curl_easy_setopt(easy, CURLOPT_PRIVATE, this) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error_.data()) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &Transfer::on_header) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_HEADERDATA, this) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Transfer::on_body) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_WRITEDATA, this) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &Transfer::on_open_socket) ==
             CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, &Transfer::on_close_socket) ==
             CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, &sockets_) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, &Transfer::on_request) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_PREREQDATA, this) == CURLE_OK;
}

std::size_t Transfer::on_header(
    char* data, std::size_t one, std::size_t size, void* self
) noexcept {
  const std::size_t bytes = one * size;
  return static_cast<Transfer*>(self)->take_header({data, bytes}) ? bytes : 0;
}

bool Transfer::take_header(std::string_view line) {
  header_bytes_ += line.size();
  if (header_bytes_ > limits::kResponseHeaderBytesMax) return false;
  if (answered_) return true;       // a trailer
  if (line.starts_with("HTTP/")) {  // what was kept is of a 1xx before
    response_.retry_after.clear();
    location_.clear();
    response_.rate_limit = {};
  }
  keep_header(line);
  if (!trim(line).empty()) return true;
  long status = 0;
  static_cast<void>(curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status));
  answered_ = status >= 200;
  return true;
}

void Transfer::keep_header(std::string_view line) {
  RateLimitHeaders& rate = response_.rate_limit;
  const std::array<std::pair<std::string_view, std::string*>, 6> kept = {
      {{"retry-after", &response_.retry_after},
       {"location", &location_},
       {"x-ratelimit-remaining", &rate.remaining},
       {"x-ratelimit-reset-after", &rate.reset_after},
       {"x-ratelimit-scope", &rate.scope},
       {"x-ratelimit-global", &rate.global}}};
  for (const auto& [name, value] : kept) {
    if (const std::string_view given = value_of(line, name); !given.empty()) *value = given;
  }
}

std::size_t Transfer::on_body(char* data, std::size_t one, std::size_t size, void* self) noexcept {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::size_t bytes = one * size;
  const std::size_t kept = transfer.response_.body.size();
  const std::size_t room = limits::kResponseExcerptBytes - kept;
  transfer.response_.body.append(data, std::min(bytes, room));
  transfer.body_bytes_ += bytes;
  return transfer.body_bytes_ > limits::kResponseBytesMax ? CURL_WRITEFUNC_ERROR : bytes;
}

curl_socket_t Transfer::on_open_socket(
    void* self, curlsocktype /*purpose*/, curl_sockaddr* address
) noexcept {
  auto& transfer = *static_cast<Transfer*>(self);
  if (!transfer.options_.guard.allows(address->addr)) {
    ++transfer.sockets_refused_;
    transfer.refused_address_ = text_of(address->addr);
    return CURL_SOCKET_BAD;
  }
  ++transfer.sockets_opened_;
  const int socket = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (socket >= 0) transfer.sockets_.opened(socket);
  return socket;
}

int Transfer::on_close_socket(void* sockets, curl_socket_t socket) noexcept {
  static_cast<SocketPoll*>(sockets)->closed(socket);
  return ::close(socket);
}

int Transfer::on_request(
    void* self, char* /*remote*/, char* /*local*/, int /*remote_port*/, int /*local_port*/
) noexcept {
  // libcurl sends a request again when a reused connection breaks without an answer. The receiver
  // may have processed the first one: the retry policy decides on a second.
  auto& transfer = *static_cast<Transfer*>(self);
  return transfer.requests_sent_++ == 0 ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

bool Transfer::is_blocked() const { return sockets_refused_ > 0 && sockets_opened_ == 0; }

Cause Transfer::cause(CURLcode code, Millis duration) const {
  if (is_blocked()) return {Response::Failure::kBlocked, "The address of the host is not allowed."};
  // A single header above libcurl's own limit ends with CURLE_OUT_OF_MEMORY.
  const bool header_too_long = code == CURLE_OUT_OF_MEMORY && requests_sent_ > 0;
  if (header_too_long || header_bytes_ > limits::kResponseHeaderBytesMax) {
    return {Response::Failure::kInvalid, "The response has more than 64 KiB of headers."};
  }
  return cause_of(
      {.code = code,
       .verify_result = info(CURLINFO_SSL_VERIFYRESULT),
       .os_error = info(CURLINFO_OS_ERRNO),
       .was_resolved = microseconds(CURLINFO_NAMELOOKUP_TIME_T) > 0,
       .was_connected = info(CURLINFO_LOCAL_PORT) > 0,
       .was_sent = microseconds(CURLINFO_PRETRANSFER_TIME_T) > 0,
       .was_answered = microseconds(CURLINFO_STARTTRANSFER_TIME_T) > 0,
       .duration = duration,
       .detail = detail(code)}
  );
}

long Transfer::info(CURLINFO what) const {
  long value = 0;
  if (easy_ != nullptr) static_cast<void>(curl_easy_getinfo(easy_.get(), what, &value));
  return value;
}

curl_off_t Transfer::microseconds(CURLINFO what) const {
  curl_off_t value = 0;
  if (easy_ != nullptr) static_cast<void>(curl_easy_getinfo(easy_.get(), what, &value));
  return value;
}

std::string_view Transfer::detail(CURLcode code) const {
  return error_.front() != '\0' ? error_.data() : curl_easy_strerror(code);
}

/// For operators: owners of endpoints see the class and the sentence only.
void Transfer::log_failure(CURLcode code) const {
  if (is_blocked()) {
    const std::string host = host_of(request_.url);
    log::warning("address not allowed", {{"host", host}, {"address", refused_address_}}, host);
  }
  if (!log::enabled(log::Level::kDebug)) return;
  log::debug("transfer failed", {{"host", host_of(request_.url)}, {"detail", detail(code)}});
}

Completion Transfer::finish(CURLcode code) {
  const long status = info(CURLINFO_RESPONSE_CODE);
  const curl_off_t duration_us = microseconds(CURLINFO_TOTAL_TIME_T);
  Completion done{.id = id_, .response = std::exchange(response_, {})};
  done.response.duration = Millis{duration_us / 1000};
  // The status decides, whatever becomes of the body: too long, cut short, too slow.
  const bool oversized = header_bytes_ > limits::kResponseHeaderBytesMax;
  if (code == CURLE_OK || (answered_ && !oversized)) {
    done.response.status = static_cast<int>(status);
    if (status >= 300 && status <= 399) done.response.error = redirect_text(location_);
  } else {
    const Cause why = cause(code, done.response.duration);
    Response failed;
    failed.failure = why.failure;
    failed.error = why.text;
    failed.duration = done.response.duration;
    done.response = std::move(failed);
    log_failure(code);
  }
  request_ = {};
  error_.fill('\0');
  header_bytes_ = body_bytes_ = 0;
  requests_sent_ = sockets_opened_ = sockets_refused_ = 0;
  answered_ = false;
  location_.clear();
  return done;
}

}  // namespace postrider::curl
