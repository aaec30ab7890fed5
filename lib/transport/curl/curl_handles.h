// Owners for libcurl's handles, and its errors in our words. The only include of curl.h.
#pragma once

#include <string_view>

#include <curl/curl.h>

#include "base/unique_handle.h"
#include "domain/outcome.h"

namespace postrider::curl {

using EasyHandle = UniqueHandle<CURL, curl_easy_cleanup>;
using MultiHandle = UniqueHandle<CURLM, curl_multi_cleanup>;
using HeaderList = UniqueHandle<curl_slist, curl_slist_free_all>;
using UrlHandle = UniqueHandle<CURLU, curl_url_cleanup>;
using CurlString = UniqueHandle<char, curl_free>;

/// What failed and how it is told to an endpoint's owner: a class, no address and no system error,
/// or the product would be a port scanner.
struct Cause {
  Response::Failure failure = Response::Failure::kInvalid;
  std::string_view text;
};

/// The cause behind a code that ended a transfer before any answer. Not for CURLE_OK.
[[nodiscard]] Cause cause_of(CURLcode code);

}  // namespace postrider::curl
