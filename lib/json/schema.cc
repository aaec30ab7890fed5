#include "json/schema.h"

#include <regex>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/adapters/std_string_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "base/limits.h"
#include "json/pattern.h"
#include "json/raw_json.h"
#include "json/schema_check.h"

namespace {

using JsonVisitor = valijson::ValidationVisitor<valijson::adapters::NlohmannJsonAdapter>;
using NameVisitor = valijson::ValidationVisitor<valijson::adapters::StdStringAdapter>;
using PatternCache = std::unordered_map<std::string, std::regex>;

/// Why `text` does not match `pattern`, or nullptr.
const char* mismatch(const std::string& pattern, const std::string& text, PatternCache& cache) {
  if (text.size() > postrider::limits::kSchemaSubjectBytesMax) {
    return "is too long to be checked against a pattern";
  }
  auto found = cache.find(pattern);
  if (found == cache.end()) {
    auto compiled = postrider::json::compile_pattern(pattern);
    if (!compiled) return "cannot be checked against its pattern";
    found = cache.emplace(pattern, std::move(*compiled)).first;
  }
  return std::regex_search(text, found->second) ? nullptr : "does not match the pattern";
}

}  // namespace

// valijson's own versions of these three use a matcher that a long string crashes, and compare
// every pair of items. They are replaced by specialisation, as it has no hook for either.
namespace valijson {

template <>
bool JsonVisitor::visit(const constraints::PatternConstraint& constraint) {
  if (!m_target.isString()) return true;
  const std::string pattern{constraint.getPattern<std::string::allocator_type>()};
  const char* problem = mismatch(pattern, m_target.asString(), m_regexesCache);
  if (problem != nullptr && m_results != nullptr) m_results->pushError(m_context, problem);
  return problem == nullptr;
}

template <>
bool NameVisitor::visit(const constraints::PatternConstraint& constraint) {
  const std::string pattern{constraint.getPattern<std::string::allocator_type>()};
  return mismatch(pattern, m_target.asString(), m_regexesCache) == nullptr;
}

template <>
bool JsonVisitor::visit(const constraints::UniqueItemsConstraint& /*constraint*/) {
  if (!m_target.isArray()) return true;
  const auto items = m_target.asArray();
  const char* problem = nullptr;
  if (items.size() > postrider::limits::kSchemaUniqueItemsMax) {
    problem = "has too many items to be checked for uniqueItems";
  } else {
    for (auto later = items.begin(); later != items.end(); ++later) {
      for (auto earlier = items.begin(); earlier != later; ++earlier) {
        if (later->equalTo(*earlier, true)) problem = "has items that are the same";
      }
    }
  }
  if (problem != nullptr && m_results != nullptr) m_results->pushError(m_context, problem);
  return problem == nullptr;
}

}  // namespace valijson

namespace postrider::json {
namespace {

using Context = std::vector<std::string>;

/// "<root>", "[order]", "[0]" as a pointer.
std::string pointer_of(const Context& context, std::string_view prefix) {
  std::string pointer{prefix};
  for (std::size_t i = 1; i < context.size(); ++i) {
    const std::string_view step = context[i];
    pointer = pointer_to(pointer, step.substr(1, step.size() - 2));
  }
  return pointer;
}

/// Whether an error only says that something inside of it is wrong, which is listed by itself.
bool repeats_inner(
    const valijson::ValidationResults::Error& error, const valijson::ValidationResults& results
) {
  if (!error.description.starts_with("Failed to validate")) return false;
  return std::any_of(results.begin(), results.end(), [&](const auto& other) {
    return other.context.size() > error.context.size() &&
           std::equal(error.context.begin(), error.context.end(), other.context.begin());
  });
}

void add_results(
    const valijson::ValidationResults& results, std::string_view prefix, FieldErrors& errors
) {
  std::size_t looked_at = 0;
  for (const auto& error : results) {
    // Comparing each with all must stay cheap, too.
    if (errors.size() >= limits::kFieldErrorsMax || ++looked_at > limits::kFieldErrorsMax) return;
    if (!repeats_inner(error, results)) {
      errors.push_back({pointer_of(error.context, prefix), error.description});
    }
  }
}

}  // namespace

struct Schema::Compiled {
  valijson::Schema schema;
};

Schema::Schema(std::unique_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}
Schema::Schema(Schema&&) noexcept = default;
Schema& Schema::operator=(Schema&&) noexcept = default;
Schema::~Schema() = default;

Result<Schema> Schema::compile(std::string_view schema_json) {
  if (schema_json.size() > limits::kSchemaBytesMax) {
    return fail(
        Errc::kInvalidArgument,
        fmt::format("is {} bytes, more than {}", schema_json.size(), limits::kSchemaBytesMax)
    );
  }
  const auto raw = parse_raw(schema_json, {.levels = 0, .depth_max = limits::kSchemaDepthMax});
  if (!raw) return tl::unexpected{raw.error()};
  auto document = nlohmann::json::parse(schema_json, nullptr, false);
  if (document.is_discarded()) {
    return fail(Errc::kInvalidArgument, "holds a number that is out of range");
  }
  if (const auto status = check_schema(document); !status) return tl::unexpected{status.error()};
  try {
    auto compiled = std::make_unique<Compiled>();
    valijson::SchemaParser parser{valijson::SchemaParser::kDraft7};
    parser.populateSchema(valijson::adapters::NlohmannJsonAdapter{document}, compiled->schema);
    return Schema{std::move(compiled)};
  } catch (const std::exception& error) {
    return fail(Errc::kInvalidArgument, error.what());
  }
}

void Schema::validate(std::string_view data, std::string_view prefix, FieldErrors& errors) const {
  const auto document = nlohmann::json::parse(data, nullptr, false);
  if (document.is_discarded()) {
    errors.push_back(
        {std::string{prefix},
         "holds a number out of range, which its schema cannot be held against"}
    );
    return;
  }
  try {
    // One per call: it caches patterns and so is not for several threads.
    valijson::Validator validator;
    valijson::ValidationResults results;
    const valijson::adapters::NlohmannJsonAdapter target{document};
    const auto before = errors.size();
    if (validator.validate(compiled_->schema, target, &results)) return;
    add_results(results, prefix, errors);
    if (errors.size() == before) {
      errors.push_back({std::string{prefix}, "does not fit the schema of its type"});
    }
  } catch (const std::exception&) {
    errors.push_back({std::string{prefix}, "cannot be held against the schema of its type"});
  }
}

}  // namespace postrider::json
