// Whether the service works, and what describes it: health, metrics, documentation.
#include <algorithm>

#include "api/query.h"
#include "api/request_context.h"
#include "api/web_files.h"

namespace postrider::api {
namespace {

/// The pages load nothing from anywhere else.
constexpr std::string_view kPagePolicy =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

std::string_view web_file(std::string_view name) {
  const auto* const found =
      std::find_if(kWebFiles.begin(), kWebFiles.end(), [&](const EmbeddedFile& file) {
        return file.name == name;
      });
  return found == kWebFiles.end() ? std::string_view{} : found->text;
}

Handler page(std::string_view file) {
  return [file](const RequestContext&) -> HandlerResult {
    http::Response answer;
    answer.body = web_file(file);
    answer.content_type = "text/html; charset=utf-8";
    answer.headers.add("Content-Security-Policy", std::string(kPagePolicy));
    answer.headers.add("Cache-Control", "no-cache");
    return answer;
  };
}

HandlerResult get_healthz(const RequestContext&) {
  return json_response(200, R"({"status":"ok"})");
}

HandlerResult get_readyz(const RequestContext& context) {
  const auto ready = context.api.service.ready();
  if (!ready) return fail(ready.error());
  return json_response(200, R"({"status":"ready"})");
}

HandlerResult get_metrics(const RequestContext& context) {
  http::Response answer;
  answer.body = context.api.service.render_metrics();
  answer.content_type = "text/plain; version=0.0.4; charset=utf-8";
  return answer;
}

HandlerResult get_openapi(const RequestContext&) {
  auto answer = json_response(200, std::string(openapi_json()));
  answer.headers.add("Cache-Control", "no-cache");
  return answer;
}

}  // namespace

std::string_view openapi_json() { return web_file("openapi.json"); }

void add_health_routes(Routes& routes) {
  routes.public_get("/healthz", get_healthz);
  routes.public_get("/readyz", get_readyz);
  routes.authenticated("GET", "/metrics", get_metrics);
  routes.public_get("/openapi.json", get_openapi);
  routes.public_get("/docs", page("docs.html"));
  routes.public_get("/", page("index.html"));
}

}  // namespace postrider::api
