#include "http/router.h"

#include <algorithm>
#include <optional>

namespace postrider::http {
namespace {

std::vector<std::string> split_path(std::string_view path) {
  std::vector<std::string> segments;
  if (path.starts_with('/')) path.remove_prefix(1);
  for (;;) {
    const std::size_t slash = path.find('/');
    segments.emplace_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

bool is_parameter(std::string_view segment) {
  return segment.starts_with('{') && segment.ends_with('}');
}

bool takes_rest(std::string_view segment) {
  return is_parameter(segment) && segment.ends_with("...}");
}

/// Segments are split before they are decoded: %2F is part of a segment, not a border.
std::vector<std::string> decode_path(std::string_view target) {
  auto path = split_path(target.substr(0, target.find_first_of("?#")));
  for (std::string& segment : path) segment = percent_decode(segment, false);
  return path;
}

std::string join_from(const std::vector<std::string>& path, std::size_t first) {
  std::string rest;
  for (std::size_t i = first; i < path.size(); ++i) {
    if (i > first) rest += '/';
    rest += path[i];
  }
  return rest;
}

/// The parameters when `pattern`, as long as `path` unless it takes the rest, fits; in the order of
/// the pattern.
std::optional<Fields> fit(
    const std::vector<std::string>& pattern, const std::vector<std::string>& path
) {
  Fields parameters;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const std::string_view part = pattern[i];
    if (takes_rest(part)) {
      parameters.emplace_back(std::string(part.substr(1, part.size() - 5)), join_from(path, i));
      return parameters;
    }
    if (i >= path.size()) return std::nullopt;
    const std::string& segment = path[i];
    if (is_parameter(part)) {
      if (segment.empty()) return std::nullopt;
      parameters.emplace_back(std::string(part.substr(1, part.size() - 2)), segment);
    } else if (segment != part) {
      return std::nullopt;
    }
  }
  return parameters;
}

bool serves(const Route& route, std::string_view method) {
  return route.method == method || (method == "HEAD" && route.method == "GET");
}

void add_allowed(std::string& allow, std::string_view method) {
  if (allow.find(method) != std::string::npos) return;
  if (!allow.empty()) allow += ", ";
  allow += method;
}

}  // namespace

void Router::add(
    std::string_view method, std::string_view pattern, Handler handler, std::size_t body_max
) {
  auto segments = split_path(pattern);
  const bool rest = takes_rest(segments.back());
  routes_.push_back(
      {std::string(method),
       std::string(pattern),
       std::move(segments),
       rest,
       std::move(handler),
       body_max}
  );
}

Router::Match Router::find(Request& request) const {
  const auto path = decode_path(request.target);
  Match match;
  std::optional<std::size_t> fewest;
  for (const Route& route : routes_) {
    if (!route.takes_rest && route.segments.size() != path.size()) continue;
    auto parameters = fit(route.segments, path);
    if (!parameters || (fewest && parameters->size() > *fewest)) continue;
    // A pattern with fewer parameters hides those before it, whatever their methods.
    if (!fewest || parameters->size() < *fewest) {
      match = {};
      request.route = {};
      request.path_parameters.clear();
    }
    fewest = parameters->size();
    if (!serves(route, request.method)) {
      add_allowed(match.allow, route.method);
    } else if (match.route == nullptr) {
      match.route = &route;
      request.route = route.pattern;
      request.path_parameters = std::move(*parameters);
    }
  }
  return match;
}

}  // namespace postrider::http
