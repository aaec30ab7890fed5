// Commands that may have to wait for the filters of endpoints.
#pragma once

#include <cstddef>
#include <functional>
#include <utility>

#include "base/clock.h"
#include "service/filtering.h"
#include "service/writer.h"

namespace postrider {

/// What runs filters, and the time that they are shown.
struct FilterMeans {
  ProgramRunner& runner;
  const Clock& clock;
};

/// Writer::execute(), with the filters that the command asks for in between. kBusy when they take
/// half a minute; kUnavailable when programs cannot be run.
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
