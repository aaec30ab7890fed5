// Why a request got no response: a class and a sentence for people.
#pragma once

#include <string_view>

#include "base/clock.h"
#include "domain/outcome.h"
#include "transport/curl/curl_handles.h"

namespace postrider::curl {

/// The facts that libcurl reports about a transfer that failed before a response arrived.
struct FailedTransfer {
  CURLcode code = CURLE_OK;
  long verify_result = 0;      ///< OpenSSL's X509_V_ERR_ of the certificate
  long os_error = 0;           ///< errno of the last failed connection attempt
  bool was_resolved = false;   ///< the host name has addresses
  bool was_connected = false;  ///< TCP
  bool was_sent = false;       ///< the request, or its first part
  bool was_answered = false;   ///< the first byte of a response arrived
  Millis duration{0};
  std::string_view detail{};  ///< libcurl's own words: may name addresses
};

/// What failed, and a sentence for the endpoint's owner. It contains no address and no text of the
/// system.
struct Cause {
  Response::Failure failure = Response::Failure::kInvalid;
  std::string_view text;
};

/// Not for CURLE_OK.
[[nodiscard]] Cause cause_of(const FailedTransfer& failed);

}  // namespace postrider::curl
