// The event types that have a JSON Schema.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "domain/event.h"
#include "json/schema.h"
#include "store/records.h"

namespace postrider {

/// A compiled picture of the catalogue as it was committed. Immutable.
class Catalogue {
 public:
  /// Schemas were compiled when they were saved, so one that no longer compiles is logged and left
  /// out.
  static std::shared_ptr<const Catalogue> build(const std::vector<EventType>& types);

  /// Adds an error for each place where the event's data does not fit its type's schema. `pointer`:
  /// of the data.
  void check(const EventDraft& event, std::string_view pointer, FieldErrors& errors) const;

  [[nodiscard]] bool has_schemas() const { return !schemas_.empty(); }

 private:
  std::map<std::string, json::Schema, std::less<>> schemas_;
};

}  // namespace postrider
