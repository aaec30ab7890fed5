// Finds the route of a request by method and path pattern.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace postrider::http {

using Handler = std::function<Response(const Request&)>;

struct Route {
  std::string method;
  std::string pattern;
  std::vector<std::string>
      segments;             ///< literal, `{name}` for one segment, `{name...}` for the rest
  bool takes_rest = false;  ///< the last segment is `{name...}`
  Handler handler;
  std::size_t body_bytes_max = 0;
};

/// Immutable once the server runs.
class Router {
 public:
  /// `pattern`: `/v1/events/{id}/deliveries`; a last segment `{path...}` takes what is left.
  void add(
      std::string_view method, std::string_view pattern, Handler handler, std::size_t body_max
  );

  struct Match {
    const Route* route = nullptr;  ///< null when there is none
    std::string allow;             ///< methods of the path, when only the method does not fit
  };

  /// Fills `request.path_parameters`. GET routes also serve HEAD. Where several patterns fit the
  /// path, only the routes of the one with the fewest parameters are considered, whatever their
  /// methods.
  [[nodiscard]] Match find(Request& request) const;

 private:
  std::vector<Route> routes_;
};

}  // namespace postrider::http
