// Builds the JSON body of a command's request.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "json/json_writer.h"

namespace postrider::cli {

/// Builds an object member by member. The first error is kept until take().
class RequestBody {
 public:
  RequestBody() = default;
  ~RequestBody() = default;
  RequestBody(const RequestBody&) = delete;
  RequestBody& operator=(const RequestBody&) = delete;

  /// Adds a text. It is an error if it is not UTF-8, because the server would receive other
  /// characters.
  void add(std::string_view name, std::string_view text);
  /// Adds a JSON value, byte for byte. `what` names it in the error if it is not valid.
  void add_json(std::string_view name, std::string_view json, std::string_view what);
  /// Calls add_json(), unless `json` is an error, which it keeps.
  void add_result(std::string_view name, const Result<std::string>& json, std::string_view what);

  // These functions add nothing for a flag that was not given.
  void add_given(std::string_view name, const std::optional<std::string>& text);
  void add_given(std::string_view name, const std::optional<std::int64_t>& number);
  void add_given(std::string_view name, const std::vector<std::string>& texts);
  void add_true(std::string_view name, bool given);

  /// Records an error: wrong usage.
  void wrong(std::string what);

  [[nodiscard]] bool empty() const { return empty_; }

  /// Call last. Returns the object, or kInvalidArgument with the first error.
  [[nodiscard]] Result<std::string> take();

 private:
  /// Begins a member and returns the text to which its value is appended.
  std::string& begin(std::string_view name);
  void append_text(std::string& out, std::string_view name, std::string_view text);

  std::string text_;
  json::JsonObject object_{text_};
  bool empty_ = true;
  std::string problem_;
};

}  // namespace postrider::cli
