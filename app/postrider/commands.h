// All commands, each in its own file. main.cc adds them to the command line.
#pragma once

#include "app/postrider/cli.h"

namespace postrider::cli {

void add_emit(const Command& root);
void add_endpoints(const Command& root);
void add_events(const Command& root);
void add_event_types(const Command& root);
void add_deliveries(const Command& root);
void add_dead_letters(const Command& root);
void add_keys(const Command& root);
void add_tasks(const Command& root);
void add_listen(const Command& root);
void add_sign(const Command& root);
void add_verify(const Command& root);
void add_version(const Command& root);

// Commands that run a service or work on its database. They link all of it.
void add_serve(const Command& root);
void add_dev(const Command& root);
void add_migrate(const Command& root);
void add_backup(const Command& root);
void add_check(const Command& root);
void add_openapi(const Command& root);
void add_bench(const Command& root);

/// Adds the commands that call a server or need none.
inline void add_client_commands(const Command& root) {
  add_emit(root);
  add_endpoints(root);
  add_events(root);
  add_event_types(root);
  add_deliveries(root);
  add_dead_letters(root);
  add_keys(root);
  add_tasks(root);
  add_listen(root);
  add_sign(root);
  add_verify(root);
  add_version(root);
}

/// Adds all other commands.
inline void add_service_commands(const Command& root) {
  add_serve(root);
  add_dev(root);
  add_migrate(root);
  add_backup(root);
  add_check(root);
  add_openapi(root);
  add_bench(root);
}

}  // namespace postrider::cli
