// Checks the URLs of endpoints.
#pragma once

#include <string>

#include "base/error.h"

namespace postrider::curl {

/// Accepts http and https URLs that libcurl accepts unchanged: the same parser checks and connects.
/// kInvalidArgument with the reason for people, which does not contain the URL. The address of the
/// host is checked when a connection is made.
[[nodiscard]] Status check_url(const std::string& url);

}  // namespace postrider::curl
