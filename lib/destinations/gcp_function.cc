#include "destinations/gcp_function.h"

#include "destinations/classification.h"

namespace postrider::destinations {

std::string function_audience(std::string_view url) {
  const std::string_view without_query = url.substr(0, url.find('?'));
  const std::size_t scheme = without_query.find("://");
  const std::size_t path =
      scheme == std::string_view::npos ? scheme : without_query.find('/', scheme + 3);
  const std::string_view host = without_query.substr(0, path);
  return std::string{host.ends_with(".run.app") ? host : without_query};
}

Classification GcpFunction::classify(const Response& response, WallTime now) const {
  if (!is_answered(response)) return classify_status(response, now);
  switch (response.status) {
    case 401:
      return gone("Cloud Functions: the request carries no token that counts");
    case 403:
      return gone("Cloud Functions: the caller may not invoke the function");
    case 404:
    case 410:
      return gone("Cloud Functions: there is no such function");
    default:
      return classify_status(response, now);
  }
}

}  // namespace postrider::destinations
