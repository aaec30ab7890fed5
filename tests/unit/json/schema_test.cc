#include "json/schema.h"

#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"

namespace postrider::json {
namespace {

using testing::HasSubstr;

FieldErrors check(const std::string& schema_json, const std::string& data) {
  const auto schema = Schema::compile(schema_json);
  EXPECT_TRUE(schema) << schema_json << schema.error().context;
  FieldErrors errors;
  if (schema) schema->validate(data, "/data", errors);
  return errors;
}

std::string refusal(const std::string& schema_json) {
  const auto schema = Schema::compile(schema_json);
  return schema ? "" : schema.error().context;
}

TEST(Schema, AcceptsWhatFits) {
  const char* schema = R"({"$schema":"http://json-schema.org/draft-07/schema#","$id":"https://x/y",
    "type":"object","required":["id"],"additionalProperties":false,
    "properties":{"id":{"type":"string","pattern":"^ord_[0-9]+$"},
      "total":{"type":"number","minimum":0},
    "lines":{"type":"array","items":{"$ref":"#/$defs/line"}}},
    "$defs":{"line":{"type":"object","required":["sku"]}}})";
  EXPECT_TRUE(check(schema, R"({"id":"ord_1","total":10.50,"lines":[{"sku":1}]})").empty());
}

TEST(Schema, NamesWhatDoesNotFitByPointer) {
  struct Case {
    const char* schema;
    const char* data;
    const char* pointer;
  };
  const Case table[] = {
      {R"({"type":"object"})", "[]", "/data"},
      {R"({"required":["id"]})", "{}", "/data"},
      {R"({"properties":{"a":{"type":"string"}}})", R"({"a":1})", "/data/a"},
      {R"({"properties":{"a/b":{"type":"string"}}})", R"({"a/b":1})", "/data/a~1b"},
      {R"({"items":{"type":"number"}})", R"([1,2,"x"])", "/data/2"},
      {R"({"properties":{"a":{"items":{"properties":{"b":{"maximum":5}}}}}})",
       R"({"a":[{"b":1},{"b":6}]})",
       "/data/a/1/b"},
      {R"({"pattern":"^a+$"})", "\"b\"", "/data"},
      {R"({"uniqueItems":true})", "[1,2,1]", "/data"},
      {R"({"$ref":"#/definitions/n","definitions":{"n":{"type":"number"}}})", "\"x\"", "/data"},
      {"false", "1", "/data"},
  };
  for (const auto& [schema, data, pointer] : table) {
    const auto errors = check(schema, data);
    ASSERT_EQ(errors.size(), 1U) << schema;
    EXPECT_EQ(errors[0].pointer, pointer) << errors[0].detail;
  }
}

TEST(Schema, TakesFormatAsAnAnnotation) {
  EXPECT_TRUE(check(R"({"format":"date-time"})", "\"not a date\"").empty());
  EXPECT_TRUE(check(R"({"format":"date-time"})", "5").empty());
  EXPECT_TRUE(check(R"({"properties":{"format":{"type":"string"}}})", R"({"format":"a"})").empty());
  EXPECT_EQ(check(R"({"properties":{"format":{"type":"string"}}})", R"({"format":1})").size(), 1U);
}

TEST(Schema, RefusesWhatItCannotHoldAnEventAgainst) {
  struct Case {
    const char* schema;
    const char* reason;
  };
  const Case table[] = {
      {"", "line 1"},
      {"{", "line 1"},
      {"[]", "must be an object"},
      {"1", "must be an object"},
      {R"({"type":"strange"})", ""},
      {R"({"properties":[]})", "properties"},
      {R"({"properties":{"a":1}})", "must be an object"},
      {R"({"$ref":"http://127.0.0.1:1/x.json"})", "nothing is fetched"},
      {R"({"$ref":"other.json#/a"})", "nothing is fetched"},
      {R"({"$ref":5})", "nothing is fetched"},
      {R"({"$ref":"#/nowhere"})", "leads nowhere"},
      {R"({"$ref":"#anchor"})", "leads nowhere"},
      {R"({"$ref":"#"})", "recursive"},
      {R"({"allOf":[{"$ref":"#"}]})", "recursive"},
      {R"({"properties":{"child":{"$ref":"#"}}})", "recursive"},
      {R"({"definitions":{"a":{"$ref":"#/definitions/b"},"b":{"$ref":"#/definitions/a"}}})",
       "recursive"},
      {R"({"pattern":"("})", "regular expression"},
      {R"({"pattern":5})", "regular expression"},
      {R"({"pattern":"(a)\\1"})", "regular expression"},
      {R"({"patternProperties":{"a":{}}})", "patternProperties is not supported"},
      {R"({"multipleOf":0})", "multipleOf"},
      {R"({"multipleOf":-1})", "multipleOf"},
      {R"({"prefixItems":[{}]})", "prefixItems is not supported"},
      {R"({"maximum":1E400})", "out of range"},
  };
  for (const auto& [schema, reason] : table) {
    const auto problem = refusal(schema);
    EXPECT_NE(problem, "") << schema;
    EXPECT_THAT(problem, HasSubstr(reason)) << schema;
  }
}

TEST(Schema, LetsDataInASchemaBeWhatItLikes) {
  EXPECT_EQ(refusal(R"({"enum":[{"$ref":"http://x"}],"const":{"pattern":"("}})"), "");
  EXPECT_EQ(refusal(R"({"properties":{"$ref":{"type":"string"},"prefixItems":{}}})"), "");
}

TEST(Schema, RefusesReferencesThatUnfoldWithoutEnd) {
  std::string schema = R"({"$ref":"#/definitions/a0","definitions":{)";
  for (int i = 0; i < 30; ++i) {
    const auto next = "{\"$ref\":\"#/definitions/a" + std::to_string(i + 1) + "\"}";
    schema += "\"a" + std::to_string(i) + "\":{\"allOf\":[" + next + "," + next + "]},";
  }
  EXPECT_THAT(refusal(schema + R"("a30":{}}})"), HasSubstr("unfolds"));
}

TEST(Schema, BoundsSizeAndDepth) {
  EXPECT_THAT(refusal(std::string(limits::kSchemaBytesMax, ' ') + "{}"), HasSubstr("bytes"));
  std::string deep;
  for (int i = 0; i < 65; ++i) deep += "{\"not\":";
  EXPECT_NE(refusal(deep + "{}" + std::string(65, '}')), "");
}

TEST(Schema, SurvivesHostileStrings) {
  const std::string many(1U << 20U, 'a');
  EXPECT_EQ(check(R"({"pattern":"^(a|b)*$"})", "\"" + many + "\"").size(), 1U);
  EXPECT_TRUE(check(R"({"properties":{"id":{"pattern":"x"}}})", R"({"t":")" + many + "\"}").empty()
  );
  EXPECT_EQ(check(R"({"pattern":"^(a+)+$"})", "\"" + many.substr(0, 1000) + "!\"").size(), 1U);
  EXPECT_EQ(
      check(R"({"propertyNames":{"pattern":"^(a|b)*$"}})", "{\"" + many + "\":1}").size(), 1U
  );
}

TEST(Schema, SurvivesManyItems) {
  std::string list = "[0";
  for (int i = 1; i < 100'000; ++i) list += "," + std::to_string(i);
  EXPECT_EQ(check(R"({"uniqueItems":true})", list + "]").size(), 1U);
  EXPECT_LE(check(R"({"items":{"type":"string"}})", list + "]").size(), limits::kFieldErrorsMax);
}

TEST(Schema, SaysWhenANumberIsOutOfRange) {
  EXPECT_EQ(check(R"({"type":"object"})", R"({"n":1E400})").size(), 1U);
  EXPECT_TRUE(check(R"({"type":"object"})", R"({"n":12345678901234567890123})").empty());
}

TEST(Schema, IsUsedFromSeveralThreadsAtOnce) {
  const auto schema = Schema::compile(R"({"items":{"pattern":"^a+$"}})");
  ASSERT_TRUE(schema);
  std::vector<FieldErrors> errors(4);
  {
    std::vector<std::jthread> threads;
    for (auto& mine : errors) {
      threads.emplace_back([&] {
        for (int i = 0; i < 50; ++i) schema->validate(R"(["a","b","aa"])", "", mine);
      });
    }
  }
  for (const auto& mine : errors) EXPECT_EQ(mine.size(), 50U);
}

}  // namespace
}  // namespace postrider::json
