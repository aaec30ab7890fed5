// Commands on endpoints that need more than one route.
#pragma once

#include "app/postrider/collection.h"

namespace postrider::cli {

/// Add `create` and `update`, with a flag for each member.
void add_endpoint_create(const Collection& endpoints);
void add_endpoint_update(const Collection& endpoints);

/// Adds `stats`: the statistics of an endpoint as a table.
void add_endpoint_stats(const Collection& endpoints);

}  // namespace postrider::cli
