// Whether a URL can be delivered to.
#pragma once

#include <string>

#include "base/error.h"

namespace postrider::curl {

/// Accepts http and https URLs that libcurl will take as they are: the parser that judges is the
/// one that connects. kInvalidArgument with the reason, for people, without echoing the URL. Says
/// nothing about the address behind the name: that is judged when it is connected to.
[[nodiscard]] Status check_url(const std::string& url);

}  // namespace postrider::curl
