// Owners for libcurl's handles. The only include of curl.h.
#pragma once

#include <curl/curl.h>

#include "base/unique_handle.h"

namespace postrider::curl {

using EasyHandle = UniqueHandle<CURL, curl_easy_cleanup>;
using MultiHandle = UniqueHandle<CURLM, curl_multi_cleanup>;
using HeaderList = UniqueHandle<curl_slist, curl_slist_free_all>;
using UrlHandle = UniqueHandle<CURLU, curl_url_cleanup>;
using CurlString = UniqueHandle<char, curl_free>;

}  // namespace postrider::curl
