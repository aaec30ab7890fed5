#include "store/merged_positions.h"

#include <algorithm>
#include <utility>

namespace postrider {
namespace {

/// Many endpoints contribute few rows to a page. The parts of a busy endpoint grow fourfold.
constexpr std::size_t kFirstPart = 8;
constexpr std::size_t kPartMax = 512;

}  // namespace

MergedPositions::MergedPositions(
    const std::vector<EndpointId>& endpoints, const ListPosition& before, Fetch fetch
)
    : fetch_(std::move(fetch)) {
  for (const EndpointId endpoint : endpoints) sources_.push_back({endpoint, before, {}, 0, false});
}

bool MergedPositions::is_older(const Source* a, const Source* b) {
  const ListPosition& x = a->part.back();
  const ListPosition& y = b->part.back();
  return std::pair{x.at_ms, x.id} < std::pair{y.at_ms, y.id};
}

Status MergedPositions::fill(Source& source) {
  if (!source.part.empty() || source.has_ended) return {};
  source.part_max = std::clamp(source.part_max * 4, kFirstPart, kPartMax);
  auto part = fetch_(source.endpoint, source.last, source.part_max);
  if (!part) return tl::unexpected<Error>(std::move(part).error());
  source.has_ended = part->size() < source.part_max;
  if (!part->empty()) source.last = part->back();
  std::reverse(part->begin(), part->end());
  source.part = std::move(*part);
  return {};
}

Result<std::vector<ListPosition>> MergedPositions::take(std::size_t rows_max) {
  std::vector<ListPosition> taken;
  const auto add = [&](Source& source) -> Status {
    if (auto status = fill(source); !status) return status;
    if (source.part.empty()) return {};
    heap_.push_back(&source);
    std::push_heap(heap_.begin(), heap_.end(), is_older);
    return {};
  };
  if (!is_filled_) {
    for (Source& source : sources_) {
      if (auto status = add(source); !status) return tl::unexpected<Error>(status.error());
    }
    is_filled_ = true;
  }
  while (taken.size() < rows_max && !heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end(), is_older);
    Source& newest = *heap_.back();
    heap_.pop_back();
    taken.push_back(newest.part.back());
    newest.part.pop_back();
    if (auto status = add(newest); !status) return tl::unexpected<Error>(status.error());
  }
  return taken;
}

}  // namespace postrider
