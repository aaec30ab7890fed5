// /v1/tasks
#include "api/query.h"
#include "api/request_context.h"

namespace postrider::api {
namespace {

HandlerResult list_tasks(const RequestContext& context) {
  QueryReader query(context.request);
  const PageParams page = query.page();
  if (auto checked = query.check(); !checked) return fail(std::move(checked).error());
  auto reader = context.api.reader();
  if (!reader) return fail(std::move(reader).error());
  return page_reply((*reader)->tasks(page), [&](const Task& task) {
    return context.api.views.task(task);
  });
}

HandlerResult get_task(const RequestContext& context) {
  const auto id = path_task(context);
  if (!id) return fail(id.error());
  if (auto query = no_query(context); !query) return fail(std::move(query).error());
  auto reader = context.api.reader();
  if (!reader) return fail(std::move(reader).error());
  const auto task = (*reader)->task(*id);
  if (!task) return fail(task.error());
  return json_response(200, context.api.views.task(*task));
}

HandlerResult cancel_task(const RequestContext& context) {
  const auto id = path_task(context);
  if (!id) return fail(id.error());
  if (auto input = no_input(context); !input) return fail(std::move(input).error());
  const auto task = context.api.service.cancel_task(*id);
  if (!task) return fail(task.error());
  return json_response(200, context.api.views.task(*task));
}

}  // namespace

void add_task_routes(Routes& routes) {
  routes.authenticated("GET", "/v1/tasks", list_tasks);
  routes.authenticated("GET", "/v1/tasks/{id}", get_task);
  routes.authenticated("POST", "/v1/tasks/{id}/cancel", cancel_task);
}

}  // namespace postrider::api
