// JSON Schema for the catalogue of event types.
#pragma once

#include <memory>
#include <string_view>

#include "base/error.h"
#include "domain/field_error.h"

namespace postrider::json {

/// A compiled JSON Schema (draft 7, `$defs` as well as `definitions`). Thread-safe: validate()
/// keeps all its state to itself.
///
/// What a schema may be is bounded, so that no event can stall or crash the service: a `$ref` leads
/// into the schema itself (nothing is ever fetched) and not back to where it stands, and the schema
/// unfolded has at most limits::kSchemaNodesMax parts. `format` is an annotation and not checked.
/// `patternProperties`, and keywords of later drafts that would change the meaning, are refused.
class Schema {
 public:
  /// kInvalidArgument with the place and the reason when the schema is not valid or not supported.
  [[nodiscard]] static Result<Schema> compile(std::string_view schema_json);

  Schema(const Schema&) = delete;
  Schema& operator=(const Schema&) = delete;
  Schema(Schema&&) noexcept;
  Schema& operator=(Schema&&) noexcept;
  ~Schema();

  /// Adds to `errors` what of `data` (valid JSON) does not fit, with pointers under `prefix`.
  /// Refuses what cannot be checked: numbers that no double can hold, a string above
  /// limits::kSchemaSubjectBytesMax where a `pattern` applies, an array above
  /// limits::kSchemaUniqueItemsMax where `uniqueItems` does.
  void validate(std::string_view data, std::string_view prefix, FieldErrors& errors) const;

 private:
  struct Compiled;
  explicit Schema(std::unique_ptr<const Compiled> compiled);

  std::unique_ptr<const Compiled> compiled_;
};

}  // namespace postrider::json
