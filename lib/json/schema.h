// JSON Schemas of event types.
#pragma once

#include <memory>
#include <string_view>

#include "base/error.h"
#include "domain/field_error.h"

namespace postrider::json {

/// A compiled JSON Schema (draft 7, with `$defs` and `definitions`). Thread-safe.
///
/// Schemas are limited so that no event can stall or crash the service: a `$ref` must point into
/// the schema itself (nothing is fetched) and must not be recursive, and the schema with its
/// references resolved has at most limits::kSchemaNodesMax parts. `format` is not checked.
/// `patternProperties`, and keywords of later drafts that would change the meaning, are refused.
class Schema {
 public:
  /// kInvalidArgument, with position and reason, if the schema is not valid or not supported.
  [[nodiscard]] static Result<Schema> compile(std::string_view schema_json);

  Schema(const Schema&) = delete;
  Schema& operator=(const Schema&) = delete;
  Schema(Schema&&) noexcept;
  Schema& operator=(Schema&&) noexcept;
  ~Schema();

  /// Adds the violations of `data`, which is valid JSON, to `errors`, with pointers under `prefix`.
  /// Also refuses values that cannot be checked: numbers that do not fit a double, a string above
  /// limits::kSchemaSubjectBytesMax that a `pattern` applies to, and an array above
  /// limits::kSchemaUniqueItemsMax that `uniqueItems` applies to.
  void validate(std::string_view data, std::string_view prefix, FieldErrors& errors) const;

 private:
  struct Compiled;
  explicit Schema(std::unique_ptr<const Compiled> compiled);

  std::unique_ptr<const Compiled> compiled_;
};

}  // namespace postrider::json
