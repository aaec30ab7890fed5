#include "transport/curl/version.h"

#include "transport/curl/curl_handles.h"

namespace postrider::curl {

std::string library_version() {
  const curl_version_info_data* const info = curl_version_info(CURLVERSION_NOW);
  return std::string{info->version} + ", " + info->ssl_version;
}

}  // namespace postrider::curl
