// Posts with libcurl alone: the upper bound for a sender that uses it.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"

namespace postrider::curl {

struct BarePost {
  std::vector<std::string> urls;     ///< in turn
  std::vector<std::string> headers;  ///< "Name: value", the same for every post
  std::size_t count = 0;
  std::size_t in_flight = 1;
  std::function<std::string(std::size_t number)> body;  ///< called once for each post, in order
};

/// Sends all posts of the plan over kept-alive connections, on the calling thread. Handles are set
/// up once and reused without a reset. kUnavailable if a post fails or its response is not 200.
[[nodiscard]] Status post_bare(const BarePost& plan);

}  // namespace postrider::curl
