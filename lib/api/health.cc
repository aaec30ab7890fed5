// Whether the service works, and what describes it: health, metrics, documentation.
#include <algorithm>

#include "api/query.h"
#include "api/resources.h"
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
  return [file](const Call&) -> Reply {
    http::Answer answer;
    answer.body = web_file(file);
    answer.content_type = "text/html; charset=utf-8";
    answer.headers.add("Content-Security-Policy", std::string(kPagePolicy));
    answer.headers.add("Cache-Control", "no-cache");
    return answer;
  };
}

Reply get_healthz(const Call&) { return json_answer(200, R"({"status":"ok"})"); }

Reply get_readyz(const Call& call) {
  const auto ready = call.api.service.ready();
  if (!ready) return refuse(ready.error());
  return json_answer(200, R"({"status":"ready"})");
}

Reply get_metrics(const Call& call) {
  http::Answer answer;
  answer.body = call.api.service.render_metrics();
  answer.content_type = "text/plain; version=0.0.4; charset=utf-8";
  return answer;
}

Reply get_openapi(const Call&) {
  auto answer = json_answer(200, std::string(openapi_json()));
  answer.headers.add("Cache-Control", "no-cache");
  return answer;
}

}  // namespace

std::string_view openapi_json() { return web_file("openapi.json"); }

void mount_health(Mount& mount) {
  mount.open("/healthz", get_healthz);
  mount.open("/readyz", get_readyz);
  mount.keyed("GET", "/metrics", get_metrics);
  mount.open("/openapi.json", get_openapi);
  mount.open("/docs", page("docs.html"));
  mount.open("/", page("index.html"));
}

}  // namespace postrider::api
