// Describes the machine on which the figures were measured.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace postrider::bench {

/// Returns names and values: processor, cores, memory, kernel, filesystem of `directory`, versions
/// of the libraries, and how commits are synced.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> describe_machine(
    const std::string& directory
);

}  // namespace postrider::bench
