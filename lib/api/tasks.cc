// /v1/tasks
#include "api/query.h"
#include "api/resources.h"

namespace postrider::api {
namespace {

Reply list_tasks(const Call& call) {
  QueryReader query(call.request);
  const PageParams page = query.page();
  if (auto checked = query.check(); !checked) return refuse(std::move(checked).error());
  auto reader = call.api.reader();
  if (!reader) return refuse(std::move(reader).error());
  return page_reply((*reader)->tasks(page), [&](const Task& task) {
    return call.api.views.task(task);
  });
}

Reply get_task(const Call& call) {
  const auto id = path_task(call);
  if (!id) return refuse(id.error());
  if (auto query = no_query(call); !query) return refuse(std::move(query).error());
  auto reader = call.api.reader();
  if (!reader) return refuse(std::move(reader).error());
  const auto task = (*reader)->task(*id);
  if (!task) return refuse(task.error());
  return json_answer(200, call.api.views.task(*task));
}

Reply cancel_task(const Call& call) {
  const auto id = path_task(call);
  if (!id) return refuse(id.error());
  if (auto input = no_input(call); !input) return refuse(std::move(input).error());
  const auto task = call.api.service.cancel_task(*id);
  if (!task) return refuse(task.error());
  return json_answer(200, call.api.views.task(*task));
}

}  // namespace

void mount_tasks(Mount& mount) {
  mount.keyed("GET", "/v1/tasks", list_tasks);
  mount.keyed("GET", "/v1/tasks/{id}", get_task);
  mount.keyed("POST", "/v1/tasks/{id}/cancel", cancel_task);
}

}  // namespace postrider::api
