#include "json/schema_check.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <regex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/limits.h"
#include "json/pattern.h"

namespace postrider::json {
namespace {

using Json = nlohmann::json;

constexpr std::array kAnnotations = {
    "$schema", "$id", "id", "$comment", "default", "examples", "format"};
constexpr std::array kMapsOfSchemas = {"properties", "definitions", "$defs", "dependencies"};
constexpr std::array kListsOfSchemas = {"allOf", "anyOf", "oneOf", "items"};
constexpr std::array kSchemas = {
    "items",
    "not",
    "if",
    "then",
    "else",
    "contains",
    "additionalItems",
    "additionalProperties",
    "propertyNames"};
/// Keywords of later drafts, which the validator would ignore silently; and patternProperties, for
/// which it has a matcher of its own that a long name crashes.
constexpr std::array kUnsupported = {
    "patternProperties",
    "prefixItems",
    "dependentSchemas",
    "dependentRequired",
    "minContains",
    "maxContains",
    "unevaluatedItems",
    "unevaluatedProperties",
    "$anchor",
    "$dynamicRef",
    "$dynamicAnchor",
    "$recursiveRef",
    "$recursiveAnchor",
    "$vocabulary"};

/// Walks over the schema as a validator would, with a stack of its own.
class SchemaCheck {
 public:
  explicit SchemaCheck(Json& root) : root_(root) {}

  [[nodiscard]] Status run() {
    if (!enter(root_)) return fail(Errc::kInvalidArgument, problem_);
    while (!open_.empty()) {
      auto& top = open_.back();
      if (top.next == top.parts.size()) {
        leave();
      } else if (!step_into(*top.parts[top.next++])) {
        return fail(Errc::kInvalidArgument, problem_);
      }
    }
    return {};
  }

 private:
  struct Open {
    Json* node;
    std::vector<Json*> parts;
    std::size_t next = 0;
    std::size_t cost = 1;
  };
  static constexpr std::size_t kBeingWalked = 0;

  bool refuse(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }

  bool step_into(Json& part) {
    const auto known = costs_.find(&part);
    if (known == costs_.end()) return enter(part);
    if (known->second == kBeingWalked) {
      return refuse("a $ref leads back to where it stands: recursive schemas are not supported");
    }
    return add_cost(known->second);
  }

  bool add_cost(std::size_t cost) {
    open_.back().cost += cost;
    if (open_.back().cost <= limits::kSchemaNodesMax) return true;
    return refuse(fmt::format("unfolds to more than {} parts", limits::kSchemaNodesMax));
  }

  bool enter(Json& node) {
    if (open_.size() >= limits::kSchemaDepthMax) {
      return refuse(fmt::format("is nested more than {} deep", limits::kSchemaDepthMax));
    }
    if (!node.is_object() && !node.is_boolean()) {
      return refuse("a schema must be an object or a boolean");
    }
    costs_[&node] = kBeingWalked;
    open_.push_back({&node, {}, 0, 1});
    if (node.is_boolean()) return true;
    for (const char* name : kAnnotations) node.erase(name);
    return check_keywords(node) && find_parts(node);
  }

  void leave() {
    const auto cost = open_.back().cost;
    costs_[open_.back().node] = cost;
    open_.pop_back();
    // A parent over its limit is found at its next part, or is the root with nothing left to do.
    if (!open_.empty()) open_.back().cost += cost;
  }

  bool check_keywords(const Json& node) {
    for (const char* name : kUnsupported) {
      if (node.contains(name)) return refuse(fmt::format("{} is not supported", name));
    }
    const auto divisor = node.find("multipleOf");
    if (divisor != node.end() && !(divisor->is_number() && divisor->get<double>() > 0.0)) {
      return refuse("multipleOf must be a number above 0");
    }
    const auto pattern = node.find("pattern");
    if (pattern == node.end()) return true;
    const auto* text = pattern->get_ptr<const Json::string_t*>();
    return (text != nullptr && check_pattern(*text)) || refuse("pattern is no regular expression");
  }

  bool check_pattern(const std::string& text) {
    return text.size() <= limits::kSchemaPatternBytesMax && compile_pattern(text).has_value();
  }

  bool find_parts(Json& node) {
    auto& parts = open_.back().parts;
    for (const char* name : kMapsOfSchemas) {
      if (!node.contains(name)) continue;
      if (!node[name].is_object()) return refuse(fmt::format("{} must be an object", name));
      for (auto& part : node[name]) {
        if (std::string_view{name} != "dependencies" || !part.is_array()) parts.push_back(&part);
      }
    }
    for (const char* name : kListsOfSchemas) {
      if (!node.contains(name) || !node[name].is_array()) continue;
      for (auto& part : node[name]) parts.push_back(&part);
    }
    for (const char* name : kSchemas) {
      if (node.contains(name) && !node[name].is_array()) parts.push_back(&node[name]);
    }
    return !node.contains("$ref") || find_reference(node["$ref"]);
  }

  bool find_reference(const Json& reference) {
    const auto* text = reference.get_ptr<const Json::string_t*>();
    if (text == nullptr || !text->starts_with('#')) {
      return refuse("$ref must lead into the schema itself (#/…): nothing is fetched");
    }
    if (text->find('%') != std::string::npos) return refuse("$ref must not be percent-encoded");
    try {
      open_.back().parts.push_back(&root_.at(Json::json_pointer{text->substr(1)}));
      return true;
    } catch (const Json::exception&) {
      return refuse("$ref leads nowhere");
    }
  }

  Json& root_;
  std::vector<Open> open_;
  std::unordered_map<const Json*, std::size_t> costs_;
  std::string problem_;
};

}  // namespace

Status check_schema(Json& schema) { return SchemaCheck{schema}.run(); }

}  // namespace postrider::json
