// The errors of Postrider's own operations.
//
// A receiver's status 500 is a value, a locked database is an Error, a broken invariant is an
// assertion.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <tl/expected.hpp>

namespace postrider {

/// The codes are named by how the caller should react.
enum class Errc : std::uint8_t {
  kInvalidArgument,  ///< the input is wrong; trying again will not help
  kNotFound,         ///< no such row
  kConflict,         ///< the object is in a state that does not allow it
  kBusy,             ///< try again shortly: a queue is full or the database is locked
  kUnavailable,      ///< nothing can be written now (disk full, shutting down); try again later
  kCorrupt,          ///< storage is damaged or from a newer version; stop
  kInternal,         ///< anything else; a person has to look
};

/// What failed. `context` is for people; it never holds a secret or a payload.
struct Error {
  Errc code = Errc::kInternal;
  int native = 0;  ///< the library's own code, 0 when there is none
  std::string context;
};

template <class T>
using Result = tl::expected<T, Error>;
using Status = tl::expected<void, Error>;

[[nodiscard]] inline tl::unexpected<Error> fail(Errc code, std::string context, int native = 0) {
  return tl::unexpected<Error>(Error{code, native, std::move(context)});
}

}  // namespace postrider
