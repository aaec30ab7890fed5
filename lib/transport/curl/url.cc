#include "transport/curl/url.h"

#include <algorithm>
#include <string_view>

#include "base/ascii.h"
#include "base/limits.h"
#include "transport/curl/curl_handles.h"

namespace postrider::curl {
namespace {

Status refuse(std::string reason) { return fail(Errc::kInvalidArgument, std::move(reason)); }

bool is_plain(char c) { return c > ' ' && c < '\x7f'; }

/// What follows the scheme; empty when `url` is no http(s) URL.
std::string_view behind_scheme(std::string_view url) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    const bool same = url.size() >= scheme.size() &&
                      std::equal(scheme.begin(), scheme.end(), url.begin(), [](char want, char c) {
                        return want == lower_ascii(c);
                      });
    if (same) return url.substr(scheme.size());
  }
  return {};
}

/// What can be told from the text, before any parsing.
Status check_text(const std::string& url) {
  if (url.empty()) return refuse("must not be empty");
  if (url.size() > limits::kUrlLengthMax) {
    return refuse("must have at most " + std::to_string(limits::kUrlLengthMax) + " characters");
  }
  if (!std::all_of(url.begin(), url.end(), is_plain)) {
    return refuse(
        "must be printable ASCII without spaces: percent-encode the path, write the host in "
        "its xn-- form"
    );
  }
  if (url.find('#') != std::string::npos) return refuse("must not have a fragment");
  const std::string_view rest = behind_scheme(url);
  if (rest.empty()) return refuse("must begin with http:// or https:// and a host");
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?\\"));
  if (authority.empty()) return refuse("must have a host");
  if (authority.find('@') != std::string_view::npos) {
    return refuse("must not have a user name or password");
  }
  return {};
}

bool has_part(CURLU* parsed, CURLUPart part) {
  char* text = nullptr;
  const CURLUcode code = curl_url_get(parsed, part, &text, 0);
  const CurlString owned{text};
  return code == CURLUE_OK;
}

std::string part_of(CURLU* parsed, CURLUPart part) {
  char* text = nullptr;
  const CURLUcode code = curl_url_get(parsed, part, &text, 0);
  const CurlString owned{text};
  return code == CURLUE_OK ? std::string{owned.get()} : std::string{};
}

}  // namespace

Status check_url(const std::string& url) {
  if (Status text = check_text(url); !text) return text;
  const UrlHandle parsed{curl_url()};
  if (parsed == nullptr) return fail(Errc::kUnavailable, "out of memory");
  const CURLUcode code =
      curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), CURLU_DISALLOW_USER);
  if (code != CURLUE_OK) {
    return fail(
        Errc::kInvalidArgument,
        std::string{"url cannot be read: "} + curl_url_strerror(code),
        static_cast<int>(code)
    );
  }
  if (has_part(parsed.get(), CURLUPART_ZONEID)) return refuse("must not have an IPv6 zone");
  if (part_of(parsed.get(), CURLUPART_HOST).empty()) return refuse("must have a host");
  if (part_of(parsed.get(), CURLUPART_PORT) == "0") return refuse("must not have port 0");
  return {};
}

}  // namespace postrider::curl
