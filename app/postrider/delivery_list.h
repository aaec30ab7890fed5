// How deliveries are listed, wherever they are.
#pragma once

#include <vector>

#include "app/postrider/listing.h"

namespace postrider::cli {

[[nodiscard]] std::vector<ColumnSpec> delivery_columns();

}  // namespace postrider::cli
