// execute_filtered() runs commands that may need the results of endpoint filters.
#pragma once

#include <cstddef>
#include <functional>
#include <utility>

#include "base/clock.h"
#include "service/filtering.h"
#include "service/writer.h"

namespace postrider {

/// The program runner that runs filters, and the clock for their deadline.
struct FilterMeans {
  ProgramRunner& runner;
  const Clock& clock;
};

/// Calls Writer::execute() and runs the filters that the command asks for, until it asks for none.
/// Returns kBusy if that takes more than half a minute, and kUnavailable if programs cannot be run.
/// Must not be called on the writer's thread.
template <class T>
[[nodiscard]] Result<T> execute_filtered(
    Writer& writer,
    const FilterMeans& means,
    const std::function<Result<T>(WriteContext&, Filtering&)>& command,
    std::size_t events
) {
  constexpr Millis kPatience{30'000};
  Filtering filtering;
  const MonoTime end = means.clock.mono_now() + kPatience;
  while (means.clock.mono_now() < end) {
    auto result = writer.execute<T>(
        [&](WriteContext& context) { return command(context, filtering); }, events
    );
    if (!filtering.needs_any()) return result;
    if (auto ran = filtering.run(means.runner, means.clock); !ran)
      return tl::unexpected(std::move(ran).error());
  }
  return fail(Errc::kBusy, "the filters of the endpoints take too long; try again");
}

}  // namespace postrider
