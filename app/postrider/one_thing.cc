#include "app/postrider/one_thing.h"

#include "app/postrider/listing.h"

namespace postrider::cli {

void add_one_thing(const Command& group, const OneThing& thing) {
  struct Options {
    ApiOptions api;
    std::string id;
  };
  const std::string id = std::string(thing.id_example) + "01...";
  const Command command = group.add(
      thing.name,
      thing.summary,
      "postrider " + std::string(thing.group) + " " + thing.name + " " + id
  );
  auto& options = command.keep<Options>();
  command.argument("ID", options.id, std::string(thing.id_example) + "...");
  add_api_options(command, options.api);
  run_with_api(command, options.api, [thing, &options](Api& api, Io& io) -> Result<int> {
    const std::string collection = std::string(thing.group) == "keys" ? "api-keys" : thing.group;
    const auto answer = api.call(thing.method, path_of(collection, options.id, thing.action));
    if (thing.done != nullptr) {
      return print_done(io, options.api.json, answer, printable(options.id) + " " + thing.done);
    }
    if (!answer) return tl::unexpected(answer.error());
    print_object(io, options.api.json, *answer);
    return kExitDone;
  });
}

}  // namespace postrider::cli
