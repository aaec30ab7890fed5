// Rows as values of the domain. Column orders are those of the .sql files: an event has
// 11 and its data.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "domain/delivery.h"
#include "domain/endpoint.h"
#include "domain/event.h"
#include "store/records.h"
#include "store/sqlite/sqlite_db.h"

namespace postrider::sqlite {

inline constexpr int kDeliveryColumns = 13;

/// A delivery from column `first` on. A name that no enum knows ends the process: the table's
/// constraints keep it out.
[[nodiscard]] Delivery read_delivery(const Row& row, int first = 0);
[[nodiscard]] Attempt read_attempt(const Row& row);

enum class WithData : bool { kNo, kYes };
[[nodiscard]] Event read_event(const Row& row, WithData with_data, int first = 0);

/// A delivery with its event behind it.
[[nodiscard]] DueDelivery read_due(const Row& row);

/// Without secrets. kCorrupt when the config cannot be read.
[[nodiscard]] Result<Endpoint> read_endpoint(const Row& row);

/// A JSON array of strings, empty text for none.
[[nodiscard]] std::string encode_channels(const std::vector<std::string>& channels);
[[nodiscard]] std::vector<std::string> decode_channels(std::string_view text);

}  // namespace postrider::sqlite
