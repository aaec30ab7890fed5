#include "destinations/zapier.h"

#include "destinations/classification.h"

namespace postrider::destinations {

Classification Zapier::classify(const Response& response, WallTime now) const {
  const bool is_unknown = response.status == 404 || response.status == 410;
  if (is_answered(response) && is_unknown) return gone("Zapier: there is no such hook");
  return classify_status(response, now);
}

}  // namespace postrider::destinations
