// What the database alone can take.
#pragma once

#include <cstddef>
#include <string>

#include "base/clock.h"
#include "base/error.h"

namespace postrider::bench {

/// Events a second with `rows` events in each commit, every commit synced: an event and its
/// delivery added in one commit, and settled with an attempt in another. No network, one thread.
[[nodiscard]] Result<double> measure_commits(
    std::size_t rows, std::size_t events, const std::string& directory, const Clock& clock
);

}  // namespace postrider::bench
