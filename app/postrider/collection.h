// Commands on the objects of one collection of the API, which are listed, shown and changed in one
// way.
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

/// A flag that is sent to the server under its own name: in the query of a list, or in the body of
/// a bulk operation.
struct FilterSpec {
  const char* name;
  const char* help;
};
inline constexpr FilterSpec kTenantFilter{"tenant", "Only of this tenant"};
inline constexpr FilterSpec kEndpointFilter{"endpoint", "Only for this endpoint"};
inline constexpr FilterSpec kSinceFilter{"since", "From this instant on (RFC 3339)"};
inline constexpr FilterSpec kUntilFilter{"until", "Up to this instant (RFC 3339)"};

/// The values of filter flags.
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
  const char* name;   ///< name of the group of commands
  const char* path;   ///< path of the routes, after /v1/
  const char* thing;  ///< plural of an object, for people
  struct Id {
    const char* name;  ///< name of the argument
    const char* help;
    const char* example;
  } id;
};

/// The minimum options of a command on one object.
struct OneOptions {
  ApiOptions api;
  std::string id;
};

/// The group of commands on a collection. Refers to the command line, which must outlive it.
class Collection {
 public:
  Collection(const Command& root, const CollectionSpec& spec, std::string_view summary);

  /// Adds `list`. `example` has flags that can be pasted into a shell.
  void add_list(
      std::string_view example, std::span<const FilterSpec> filters, std::vector<ColumnSpec> columns
  ) const;
  /// Adds `show ID`: GET /v1/{path}/{id}
  void add_show(std::string_view summary) const;
  /// Adds `NAME ID`: POST /v1/{path}/{id}/{name}, then prints "<id> <done>".
  void add_action(const char* name, std::string_view summary, const char* done) const;
  /// Adds `NAME ID`: DELETE /v1/{path}/{id}, then prints "<id> <done>".
  void add_delete(const char* name, std::string_view summary, const char* done) const;

  /// Adds another command; `rest` follows the name in its example.
  [[nodiscard]] Command add(
      std::string_view name, std::string_view summary, std::string_view rest = {}
  ) const;
  /// Adds another command on one object. The id is its argument and follows the name in its
  /// example. `Options` has the members of OneOptions.
  template <class Options>
  [[nodiscard]] std::pair<Command, Options&> add_one(
      std::string_view name, std::string_view summary, std::string_view flags = {}
  ) const {
    const Command command = add(name, summary, with_example_id(flags));
    auto& options = command.keep<Options>();
    command.id_argument(spec_.id.name, options.id, spec_.id.help);
    return {command, options};
  }

  /// Returns `/v1/{path}/{id}/{action}`.
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
