// The JSON that a command sends.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "json/json_writer.h"

namespace postrider::cli {

/// Builds an object member by member. The first thing that is wrong is kept until take().
class RequestBody {
 public:
  RequestBody() = default;
  ~RequestBody() = default;
  RequestBody(const RequestBody&) = delete;
  RequestBody& operator=(const RequestBody&) = delete;

  /// Wrong unless it is UTF-8: the server must not get other characters than were given.
  void add(std::string_view name, std::string_view text);
  /// A JSON value, sent byte for byte; `what` names it when it is none.
  void add_json(std::string_view name, std::string_view json, std::string_view what);
  /// The same of what may have failed before.
  void add_result(std::string_view name, const Result<std::string>& json, std::string_view what);

  // Nothing is added for what was not given.
  void add_given(std::string_view name, const std::optional<std::string>& text);
  void add_given(std::string_view name, const std::optional<std::int64_t>& number);
  void add_given(std::string_view name, const std::vector<std::string>& texts);
  void add_true(std::string_view name, bool given);

  /// What is wrong with what was given: wrong usage.
  void wrong(std::string what);

  [[nodiscard]] bool empty() const { return empty_; }

  /// Call last: the object, or kInvalidArgument with what was wrong.
  [[nodiscard]] Result<std::string> take();

 private:
  /// Where the value of the next member goes.
  std::string& begin(std::string_view name);
  void append_text(std::string& out, std::string_view name, std::string_view text);

  std::string text_;
  json::JsonObject object_{text_};
  bool empty_ = true;
  std::string problem_;
};

}  // namespace postrider::cli
