// Commands on the things of one collection of the API, which list, show and change them alike.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/postrider/api.h"
#include "app/postrider/listing.h"
#include "app/postrider/request_body.h"

namespace postrider::cli {

/// A flag that goes to the server under its own name: in the query of a list, in the body of bulk
/// work.
struct FilterSpec {
  const char* name;
  const char* help;
};
inline constexpr FilterSpec kTenantFilter{"tenant", "Only of this tenant"};
inline constexpr FilterSpec kEndpointFilter{"endpoint", "Only for this endpoint"};
inline constexpr FilterSpec kSinceFilter{"since", "From this instant on (RFC 3339)"};
inline constexpr FilterSpec kUntilFilter{"until", "Up to this instant (RFC 3339)"};

/// The values of such flags.
class Filters {
 public:
  /// Call once. The specs are copied.
  void add_to(const Command& command, std::span<const FilterSpec> specs);

  [[nodiscard]] Query query() const;
  void add_to(RequestBody& body) const;

 private:
  struct Value {
    FilterSpec spec{};
    std::optional<std::string> text;
  };
  std::vector<Value> values_;
};

struct CollectionSpec {
  const char* name;   ///< of the group of commands
  const char* path;   ///< of the routes, after /v1/
  const char* thing;  ///< in the plural, for people
  struct Id {
    const char* name;  ///< of the argument
    const char* help;
    const char* example;
  } id;
};

/// What a command on one thing is told at least.
struct OneOptions {
  ApiOptions api;
  std::string id;
};

/// The group of commands on a collection. Refers to the command line, which outlives it.
class Collection {
 public:
  Collection(const Command& root, const CollectionSpec& spec, std::string_view summary);

  /// `list`. `example`: flags that can be pasted.
  void add_list(
      std::string_view example, std::span<const FilterSpec> filters, std::vector<ColumnSpec> columns
  ) const;
  /// `show ID`: GET /v1/{path}/{id}
  void add_show(std::string_view summary) const;
  /// `NAME ID`: POST /v1/{path}/{id}/{name}, then "<id> <done>" is printed.
  void add_action(const char* name, std::string_view summary, const char* done) const;
  /// `NAME ID`: DELETE /v1/{path}/{id}, then "<id> <done>" is printed.
  void add_delete(const char* name, std::string_view summary, const char* done) const;

  /// A command of its own; `rest` follows the name in its example.
  [[nodiscard]] Command add(
      std::string_view name, std::string_view summary, std::string_view rest = {}
  ) const;
  /// The same on one thing: the id is its argument and follows the name in its example. `Options`
  /// has the members of OneOptions.
  template <class Options>
  [[nodiscard]] std::pair<Command, Options&> add_one(
      std::string_view name, std::string_view summary, std::string_view flags = {}
  ) const {
    const Command command = add(name, summary, with_example_id(flags));
    auto& options = command.keep<Options>();
    command.id_argument(spec_.id.name, options.id, spec_.id.help);
    return {command, options};
  }

  /// `/v1/{path}/{id}/{action}`
  [[nodiscard]] std::string path(std::string_view id, std::string_view action = {}) const {
    return path_of(spec_.path, id, action);
  }

 private:
  [[nodiscard]] std::string with_example_id(std::string_view flags) const;
  void add_done(
      const char* name,
      std::string_view summary,
      const char* method,
      const char* action,
      const char* done
  ) const;

  CollectionSpec spec_;
  Command group_;
};

}  // namespace postrider::cli
