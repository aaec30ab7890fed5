// Catalogue holds the event types that have a JSON Schema.
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

/// The compiled schemas of all committed event types. Immutable.
class Catalogue {
 public:
  /// Compiles the schemas. They compiled when they were saved; one that no longer does is logged
  /// and left out.
  static std::shared_ptr<const Catalogue> build(const std::vector<EventType>& types);

  /// Adds an error for each place where the event's data does not match its type's schema.
  /// `pointer` is the JSON pointer of the data.
  void check(const EventDraft& event, std::string_view pointer, FieldErrors& errors) const;

  [[nodiscard]] bool has_schemas() const { return !schemas_.empty(); }

 private:
  std::map<std::string, json::Schema, std::less<>> schemas_;
};

}  // namespace postrider
