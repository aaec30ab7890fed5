#pragma once

#include <string>

namespace postrider::curl {

/// The version of libcurl that runs, with its TLS library.
[[nodiscard]] std::string library_version();

}  // namespace postrider::curl
