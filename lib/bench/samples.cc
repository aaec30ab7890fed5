#include "bench/samples.h"

#include <algorithm>
#include <cmath>

namespace postrider::bench {

double quantile(std::vector<double> samples, double share) {
  if (samples.empty()) return 0;
  const auto last = static_cast<double>(samples.size() - 1);
  const auto at = static_cast<std::ptrdiff_t>(std::llround(share * last));
  std::nth_element(samples.begin(), samples.begin() + at, samples.end());
  return samples[static_cast<std::size_t>(at)];
}

std::vector<double> to_ms(const std::vector<std::int64_t>& microseconds) {
  std::vector<double> ms;
  ms.reserve(microseconds.size());
  for (const std::int64_t us : microseconds) ms.push_back(static_cast<double>(us) / 1000.0);
  return ms;
}

}  // namespace postrider::bench
