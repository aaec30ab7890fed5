#include "app/postrider/collection.h"

#include "app/postrider/table.h"

namespace postrider::cli {

void Filters::add_to(const Command& command, std::span<const FilterSpec> specs) {
  // The command line keeps references to the values, so they must not move from here on.
  values_.resize(specs.size());
  for (std::size_t i = 0; i < specs.size(); ++i) {
    values_[i].spec = specs[i];
    command.text(specs[i].name, values_[i].text, specs[i].help);
  }
}

Query Filters::query() const {
  Query query;
  for (const Value& value : values_) query.add(value.spec.name, value.text);
  return query;
}

void Filters::add_to(RequestBody& body) const {
  for (const Value& value : values_) body.add_given(value.spec.name, value.text);
}

Collection::Collection(const Command& root, const CollectionSpec& spec, std::string_view summary)
    : spec_(spec), group_(root.add(spec.name, summary)) {}

Command Collection::add(std::string_view name, std::string_view summary, std::string_view rest)
    const {
  std::string example = "postrider " + std::string(spec_.name) + " " + std::string(name);
  if (!rest.empty()) example.append(" ").append(rest);
  return group_.add(name, summary, example);
}

std::string Collection::with_example_id(std::string_view flags) const {
  std::string rest = spec_.id.example;
  if (!flags.empty()) rest.append(" ").append(flags);
  return rest;
}

void Collection::add_list(
    std::string_view example, std::span<const FilterSpec> filters, std::vector<ColumnSpec> columns
) const {
  struct Options {
    ListOptions list;
    Filters filters;
  };
  const Command command = add("list", "List " + std::string(spec_.thing), example);
  auto& options = command.keep<Options>();
  options.filters.add_to(command, filters);
  add_list_options(command, options.list);
  ListSpec list{"/v1/" + std::string(spec_.path), std::move(columns), spec_.thing};
  run_with_api(command, options.list.api, [list = std::move(list), &options](Api& api, Io& io) {
    ListSpec filtered = list;
    filtered.path = options.filters.query().on(list.path);
    return print_list(api, io, options.list, filtered);
  });
}

void Collection::add_show(std::string_view summary) const {
  struct Options : OneOptions {
    bool wide = false;
  };
  const auto [command, options] = add_one<Options>("show", summary);
  command.flag("wide", options.wide, "Show tables in full width");
  add_api_options(command, options.api);
  run_with_api(command, options.api, [collection = spec_.path, &one = options](Api& api, Io& io) {
    if (one.wide) io.width = 0;
    return print_answer(io, one.api.json, api.call("GET", path_of(collection, one.id)));
  });
}

void Collection::add_done(
    const char* name,
    std::string_view summary,
    const char* method,
    const char* action,
    const char* done
) const {
  const auto [command, options] = add_one<OneOptions>(name, summary);
  add_api_options(command, options.api);
  run_with_api(
      command,
      options.api,
      [collection = spec_.path, method, action, done, &one = options](Api& api, Io& io) {
        const auto answer = api.call(method, path_of(collection, one.id, action));
        return print_done(io, one.api.json, answer, printable(one.id) + " " + done);
      }
  );
}

void Collection::add_action(const char* name, std::string_view summary, const char* done) const {
  add_done(name, summary, "POST", name, done);
}

void Collection::add_delete(const char* name, std::string_view summary, const char* done) const {
  add_done(name, summary, "DELETE", "", done);
}

}  // namespace postrider::cli
