#include "api/auth.h"

#include "tests/support/api_fixture.h"

namespace postrider::testing {
namespace {

using AuthApi = ApiTest;

TEST_F(AuthApi, WithoutAKeyEverythingBelowV1Is401) {
  for (const char* path : {"/v1/events", "/v1/endpoints", "/v1/nothing", "/metrics", "/v1"}) {
    const auto answer = request_as("", "GET", path);
    expect_problem(answer, 401);
    EXPECT_EQ(answer.headers.get("WWW-Authenticate"), "Bearer realm=\"postrider\"");
    expect_problem(request_as("pr_wrong", "GET", path), 401);
  }
  expect_problem(request_as("", "POST", "/v1/events", R"({"type":"t","data":1})"), 401);
}

TEST_F(AuthApi, HealthAndDocumentationNeedNoKey) {
  for (const char* path : {"/healthz", "/readyz", "/openapi.json", "/docs", "/"}) {
    EXPECT_EQ(request_as("", "GET", path).status, 200) << path;
  }
}

TEST_F(AuthApi, AKeyDoesWhatItsScopeSays) {
  const auto key_of = [this](std::string_view members) {
    const auto answer =
        request("POST", "/v1/api-keys", R"({"name":"k",)" + std::string(members) + "}");
    EXPECT_EQ(answer.status, 201) << answer.body;
    return parsed(answer).value("key", "");
  };
  const std::string emit_key = key_of(R"("scope":"emit")");
  const std::string read_key = key_of(R"("scope":"read")");
  const std::string admin_key = key_of(R"("scope":"admin")");
  const std::string endpoint = add_endpoint();
  const std::string event = R"({"type":"t","data":1})";

  EXPECT_EQ(request_as(emit_key, "POST", "/v1/events", event).status, 202);
  expect_problem(request_as(emit_key, "GET", "/v1/events"), 403);
  expect_problem(request_as(emit_key, "POST", "/v1/events/x/replay"), 403);
  EXPECT_EQ(request_as(read_key, "GET", "/v1/events").status, 200);
  expect_problem(request_as(read_key, "POST", "/v1/events", event), 403);
  expect_problem(request_as(read_key, "DELETE", "/v1/endpoints/" + endpoint), 403);
  expect_problem(request_as(read_key, "GET", "/v1/endpoints/" + endpoint + "/secret"), 403);
  EXPECT_EQ(request_as(admin_key, "DELETE", "/v1/endpoints/" + endpoint).status, 204);
}

TEST_F(AuthApi, A403NamesTheScopesThatAreAllowed) {
  const auto detail_of = [this](const char* scope, const char* method, const std::string& path) {
    const auto key = parsed(
        request("POST", "/v1/api-keys", R"({"name":"k","scope":")" + std::string(scope) + R"("})")
    );
    const auto answer = request_as(key.value("key", ""), method, path);
    expect_problem(answer, 403);
    return parsed(answer).value("detail", "");
  };
  EXPECT_EQ(
      detail_of("emit", "GET", "/v1/endpoints"),
      "This request needs a key with scope admin or read; this key has scope emit."
  );
  EXPECT_EQ(
      detail_of("read", "POST", "/v1/events"),
      "This request needs a key with scope admin or emit; this key has scope read."
  );
  EXPECT_EQ(
      detail_of("read", "GET", "/v1/endpoints/ep_x/secret"),
      "This request needs a key with scope admin; this key has scope read."
  );
}

TEST_F(AuthApi, AStoredKeyWithScopeTenantIsListedAndRefusedEverything) {
  ApiKey stored;
  stored.name = "portal";
  stored.scope = KeyScope::kTenant;
  stored.tenant = "acme";
  stored.sha256 = hash_api_key("pr_stored_by_an_earlier_version");
  ASSERT_TRUE(service_->add_api_key(stored));
  const auto listed = parsed(request("GET", "/v1/api-keys"))["data"];
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed[0]["scope"], "tenant");
  EXPECT_EQ(listed[0]["tenant"], "acme");
  for (const char* path : {"/v1/endpoints", "/v1/events", "/v1/api-keys"}) {
    expect_problem(request_as("pr_stored_by_an_earlier_version", "GET", path), 403);
  }
  EXPECT_EQ(request("DELETE", "/v1/api-keys/" + listed[0].value("id", "")).status, 204);
}

TEST_F(AuthApi, ADeletedKeyIsRefusedAtOnce) {
  const auto added = parsed(request("POST", "/v1/api-keys", R"({"name":"k","scope":"admin"})"));
  const std::string key = added.value("key", "");
  EXPECT_EQ(request_as(key, "GET", "/v1/events").status, 200);
  EXPECT_EQ(request("DELETE", "/v1/api-keys/" + added.value("id", "")).status, 204);
  expect_problem(request_as(key, "GET", "/v1/events"), 401);
}

TEST_F(AuthApi, AKeySaysWhenItWasLastUsed) {
  const auto added = parsed(request("POST", "/v1/api-keys", R"({"name":"k","scope":"emit"})"));
  EXPECT_TRUE(added.at("last_used_at").is_null());
  const auto last_use = [this] {
    return parsed(request("GET", "/v1/api-keys")).at("data").at(0).at("last_used_at");
  };
  EXPECT_TRUE(last_use().is_null());
  const auto used = service_->clock().wall_now();
  expect_problem(request_as(added.value("key", ""), "GET", "/v1/events"), 403);
  const auto shown = parse_rfc3339(last_use().get<std::string>());
  ASSERT_TRUE(shown);
  EXPECT_GE(*shown, used);
}

TEST(ScopeAllows, EmitIsForEventsOnly) {
  EXPECT_TRUE(api::scope_allows(KeyScope::kEmit, "POST", "/v1/events"));
  EXPECT_TRUE(api::scope_allows(KeyScope::kEmit, "POST", "/v1/events/batch"));
  EXPECT_FALSE(api::scope_allows(KeyScope::kEmit, "POST", "/v1/endpoints"));
  EXPECT_FALSE(api::scope_allows(KeyScope::kEmit, "GET", "/v1/events"));
}

}  // namespace
}  // namespace postrider::testing
