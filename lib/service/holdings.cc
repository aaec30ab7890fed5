#include "service/holdings.h"

namespace postrider {

Holdings::Asked Holdings::keep(const Partitions& partitions) {
  // A partition that is kept again was released in between.
  abandoned_ &= ~partitions;
  return {.adopt = partitions & ~owned_, .abandon = {}};
}

Holdings::Asked Holdings::give_up(const Partitions& partitions) const {
  return {.adopt = partitions & ~owned_ & ~abandoned_, .abandon = partitions & owned_};
}

void Holdings::committed(const Effects& effects) {
  owned_ = effects.owned;
  abandoned_ |= effects.abandoned;
}

}  // namespace postrider
