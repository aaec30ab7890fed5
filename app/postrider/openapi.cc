#include <ostream>

#include "api/api.h"
#include "app/postrider/commands.h"
#include "app/postrider/io.h"

namespace postrider::cli {

void add_openapi(const Command& root) {
  const Command command = root.add(
      "openapi", "Print the OpenAPI document of the REST API", "postrider openapi > openapi.json"
  );
  command.run([](Io& io) {
    io.out << api::openapi_json();
    return kExitDone;
  });
}

}  // namespace postrider::cli
