// AWS Signature Version 4, which authenticates requests to Lambda function URLs.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "domain/destination.h"

namespace postrider::destinations {

/// A POST request to sign. Views of memory that the caller owns.
struct AwsRequest {
  std::string_view region;
  std::string_view service;       ///< lambda
  std::string_view url;           ///< a URL that curl::check_url() accepts
  std::string_view content_type;  ///< the header that is sent with the body; not empty
  std::string_view body;
};

/// Returns the headers that sign `request`, with names in lower case: authorization, x-amz-date,
/// x-amz-content-sha256, and x-amz-security-token if there is a session token.
///
/// Host, content type and these headers are signed; AWS rejects a request with any other x-amz-*
/// header. The signature is valid for some minutes from `now`, so each attempt needs a new one.
/// Pure, thread-safe; takes as long as SHA-256 of the body.
///
/// The signature matches the URL as libcurl sends it, with one exception. libcurl rewrites some
/// spellings of a host: an escaped character, an IPv4 address that is not four decimals, an IPv6
/// address that could be shorter. Then the spelling of `url` is signed.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> sigv4_headers(
    const AwsCredentials& credentials, const AwsRequest& request, WallTime now
);

/// Returns us-east-1 for https://<id>.lambda-url.us-east-1.on.aws/…, in any case of letters;
/// nullopt for another host. Pure, thread-safe.
[[nodiscard]] std::optional<std::string> lambda_region_of(std::string_view url);

}  // namespace postrider::destinations
