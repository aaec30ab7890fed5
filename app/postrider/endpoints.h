// Commands on endpoints that have more to them than a route.
#pragma once

#include "app/postrider/collection.h"

namespace postrider::cli {

/// `create` and `update`: the members that flags can set.
void add_endpoint_create(const Collection& endpoints);
void add_endpoint_update(const Collection& endpoints);

/// `stats`: how an endpoint has been doing, as a table.
void add_endpoint_stats(const Collection& endpoints);

}  // namespace postrider::cli
