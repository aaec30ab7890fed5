#include "service/catalogue.h"

#include <utility>

#include "base/log.h"

namespace postrider {

std::shared_ptr<const Catalogue> Catalogue::build(const std::vector<EventType>& types) {
  auto catalogue = std::make_shared<Catalogue>();
  for (const auto& type : types) {
    if (type.schema.empty()) continue;
    auto schema = json::Schema::compile(type.schema);
    if (!schema) {
      log::error("ignoring a schema that does not compile", {{"event_type", type.name}});
      continue;
    }
    catalogue->schemas_.emplace(type.name, std::move(*schema));
  }
  return catalogue;
}

void Catalogue::check(const EventDraft& event, std::string_view pointer, FieldErrors& errors)
    const {
  const auto schema = schemas_.find(event.type);
  if (schema != schemas_.end()) schema->second.validate(event.data, pointer, errors);
}

}  // namespace postrider
