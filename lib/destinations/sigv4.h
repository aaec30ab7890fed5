// AWS Signature Version 4: how a request to a Lambda function URL proves who sent it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "domain/destination.h"

namespace postrider::destinations {

/// A POST that is to be signed. Views of what the caller owns.
struct AwsRequest {
  std::string_view region;
  std::string_view service;       ///< lambda
  std::string_view url;           ///< one that curl::check_url() accepts
  std::string_view content_type;  ///< what goes out with the body; not empty
  std::string_view body;
};

/// The headers that make `request` a signed one, names in lower case: authorization, x-amz-date,
/// x-amz-content-sha256, and x-amz-security-token if there is a session token.
///
/// Host, content type and these headers are signed; AWS refuses a request with any other x-amz-*
/// header. The signature is good for some minutes from `now`: each attempt needs its own. Pure,
/// thread-safe; takes as long as SHA-256 of the body.
///
/// It holds for what libcurl makes of the URL, with one exception: of a host in a spelling that
/// libcurl rewrites (an escaped character, an IPv4 address that is not four decimals, an IPv6
/// address that could be shorter) the spelling of `url` is signed.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> sigv4_headers(
    const AwsCredentials& credentials, const AwsRequest& request, WallTime now
);

/// us-east-1 of https://<id>.lambda-url.us-east-1.on.aws/…, whatever the case of its letters;
/// nothing for another host. Pure, thread-safe.
[[nodiscard]] std::optional<std::string> lambda_region_of(std::string_view url);

}  // namespace postrider::destinations
