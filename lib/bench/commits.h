// Measures the database alone.
#pragma once

#include <cstddef>
#include <string>

#include "base/clock.h"
#include "base/error.h"

namespace postrider::bench {

/// Returns events per second with `rows` events in each commit, all commits synced. One commit adds
/// the events and their deliveries, a second one settles them with an attempt each. There is no
/// network and only one thread.
[[nodiscard]] Result<double> measure_commits(
    std::size_t rows, std::size_t events, const std::string& directory, const Clock& clock
);

}  // namespace postrider::bench
