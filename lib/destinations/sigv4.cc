#include "destinations/sigv4.h"

#include <algorithm>
#include <cstddef>

#include <fmt/format.h>

#include "base/ascii.h"
#include "crypto/encoding.h"
#include "crypto/hash.h"

namespace postrider::destinations {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kScopeEnd = "aws4_request";
constexpr std::string_view kUpperHexDigits = "0123456789ABCDEF";

std::string lower(std::string_view text) {
  std::string out{text};
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return lower_ascii(c); });
  return out;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower_letter(char c) { return c >= 'a' && c <= 'z'; }

/// Whether the character is unreserved in RFC 3986 §2.3.
bool is_unreserved(char c) {
  return is_digit(c) || is_lower_letter(lower_ascii(c)) || c == '-' || c == '.' || c == '_' ||
         c == '~';
}

/// The parts of a URL, unmodified.
struct UrlParts {
  bool is_https = false;
  std::string_view authority;
  std::string_view path;   ///< empty or from its first slash on
  std::string_view query;  ///< without its question mark
};

UrlParts split(std::string_view url) {
  UrlParts parts;
  const std::size_t colon = url.find("://");
  if (colon == std::string_view::npos) return parts;
  parts.is_https = lower(url.substr(0, colon)) == "https";
  url.remove_prefix(colon + 3);
  parts.authority = url.substr(0, url.find_first_of("/?"));
  url.remove_prefix(parts.authority.size());
  parts.path = url.substr(0, url.find('?'));
  url.remove_prefix(parts.path.size());
  if (!url.empty()) parts.query = url.substr(1);
  return parts;
}

/// Returns the host and the port of `authority`; an IPv6 address keeps its brackets.
std::pair<std::string_view, std::string_view> split_authority(std::string_view authority) {
  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon == std::string_view::npos) return {authority, {}};
  return {authority.substr(0, colon), authority.substr(colon + 1)};
}

/// Returns the Host header that libcurl sends: the host with its letters unchanged, and a port that
/// is not the scheme's default, without leading zeros.
std::string wire_host(const UrlParts& parts) {
  auto [host, port] = split_authority(parts.authority);
  port.remove_prefix(std::min(port.find_first_not_of('0'), port.size()));
  const std::string_view default_port = parts.is_https ? "443" : "80";
  if (port.empty() || port == default_port) return std::string{host};
  return fmt::format("{}:{}", host, port);
}

void append_encoded(std::string& out, char c) {
  if (is_unreserved(c)) {
    out += c;
    return;
  }
  const auto byte = static_cast<unsigned char>(c);
  out += '%';
  out += kUpperHexDigits[byte >> 4U];
  out += kUpperHexDigits[byte & 15U];
}

/// Returns the path that libcurl sends, with each segment encoded once more and without empty
/// segments. libcurl resolves "." and ".." by RFC 3986 §5.2.4, where ".." removes an empty segment
/// as any other, and changes nothing else. AWS treats a run of slashes as one.
std::string canonical_path(std::string_view path) {
  std::vector<std::string_view> segments;
  bool ends_with_slash = true;
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::string_view segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    const bool is_parent = segment == "..";
    const bool is_dots = is_parent || segment == ".";
    ends_with_slash = is_dots || segment.empty();
    if (is_parent && !segments.empty()) segments.pop_back();
    if (!is_dots) segments.push_back(segment);
  }
  std::string out;
  for (const std::string_view segment : segments) {
    if (segment.empty()) continue;
    out += '/';
    for (const char c : segment) append_encoded(out, c);
  }
  if (out.empty() || ends_with_slash) out += '/';
  return out;
}

/// Returns a name or a value of a query in the normalized spelling that is signed. A plus is the
/// space of a form, as in AWS's own signers when they get a URL. A percent sign without two digits
/// is itself.
std::string respelled(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    char c = text[at] == '+' ? ' ' : text[at];
    if (c == '%' && text.size() - at > 2) {
      if (const auto byte = crypto::hex_decode(text.substr(at + 1, 2))) {
        c = byte->front();
        at += 2;
      }
    }
    append_encoded(out, c);
  }
  return out;
}

std::string canonical_query(std::string_view query) {
  Headers pairs;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const std::string_view value = pair.substr(std::min(equals + 1, pair.size()));
    pairs.emplace_back(respelled(pair.substr(0, equals)), respelled(value));
  }
  // The order is by name, then by value: "a-=1" comes after "a=1", though '-' is before '='.
  std::sort(pairs.begin(), pairs.end());
  std::string out;
  for (const auto& [name, value] : pairs) {
    if (!out.empty()) out += '&';
    out += name;
    out += '=';
    out += value;
  }
  return out;
}

/// Removes spaces around the value and replaces each run of spaces with one.
std::string canonical_value(std::string_view value) {
  std::string out;
  for (const char c : value) {
    const bool is_space = c == ' ' || c == '\t';
    if (!is_space) {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

/// Returns a time such as 20260101T000000Z.
std::string basic_time(WallTime now) {
  std::string out;
  for (const char c : to_rfc3339(now)) {
    if (c == '.') break;
    if (c != '-' && c != ':') out += c;
  }
  return out + 'Z';
}

std::string signing_key(
    std::string_view secret,
    std::string_view date,
    std::string_view region,
    std::string_view service
) {
  std::string key = crypto::hmac_sha256(fmt::format("AWS4{}", secret), date);
  for (const std::string_view part : {region, service, kScopeEnd}) {
    key = crypto::hmac_sha256(key, part);
  }
  return key;
}

/// Returns the canonical request for `signed_headers`, which are sorted by name, and their names
/// joined by semicolons.
std::pair<std::string, std::string> canonical_request(
    const UrlParts& parts, const Headers& signed_headers, std::string_view body_hash
) {
  std::string lines;
  std::string names;
  for (const auto& [name, value] : signed_headers) {
    lines += fmt::format("{}:{}\n", name, canonical_value(value));
    if (!names.empty()) names += ';';
    names += name;
  }
  auto text = fmt::format(
      "POST\n{}\n{}\n{}\n{}\n{}",
      canonical_path(parts.path),
      canonical_query(parts.query),
      lines,
      names,
      body_hash
  );
  return {std::move(text), std::move(names)};
}

}  // namespace

std::vector<std::pair<std::string, std::string>> sigv4_headers(
    const AwsCredentials& credentials, const AwsRequest& request, WallTime now
) {
  const UrlParts parts = split(request.url);
  const std::string time = basic_time(now);
  const std::string body_hash = crypto::hex_encode(crypto::sha256(request.body));
  Headers added = {{"x-amz-content-sha256", body_hash}, {"x-amz-date", time}};
  if (!credentials.session_token.empty())
    added.emplace_back("x-amz-security-token", credentials.session_token);

  Headers signed_headers = {
      {"content-type", std::string{request.content_type}}, {"host", wire_host(parts)}};
  signed_headers.insert(signed_headers.end(), added.begin(), added.end());
  const auto [text, names] = canonical_request(parts, signed_headers, body_hash);

  const std::string date = time.substr(0, 8);
  const std::string scope =
      fmt::format("{}/{}/{}/{}", date, request.region, request.service, kScopeEnd);
  const std::string text_hash = crypto::hex_encode(crypto::sha256(text));
  const std::string signature = crypto::hmac_sha256(
      signing_key(credentials.secret_access_key, date, request.region, request.service),
      fmt::format("{}\n{}\n{}\n{}", kAlgorithm, time, scope, text_hash)
  );
  added.emplace_back(
      "authorization",
      fmt::format(
          "{} Credential={}/{}, SignedHeaders={}, Signature={}",
          kAlgorithm,
          credentials.access_key_id,
          scope,
          names,
          crypto::hex_encode(signature)
      )
  );
  return added;
}

std::optional<std::string> lambda_region_of(std::string_view url) {
  constexpr std::string_view kMark = ".lambda-url.";
  constexpr std::string_view kEnd = ".on.aws";
  const std::string host = lower(split_authority(split(url).authority).first);
  const std::size_t dot = host.find('.');
  if (dot == 0 || dot == std::string::npos || host.compare(dot, kMark.size(), kMark) != 0)
    return {};
  std::string_view region = std::string_view{host}.substr(dot + kMark.size());
  if (!region.ends_with(kEnd)) return {};
  region.remove_suffix(kEnd.size());
  const bool is_region = std::all_of(region.begin(), region.end(), [](char c) {
    return is_lower_letter(c) || is_digit(c) || c == '-';
  });
  if (region.empty() || !is_region) return {};
  return std::string{region};
}

}  // namespace postrider::destinations
