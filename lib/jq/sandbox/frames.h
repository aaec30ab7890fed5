// What a ProcessRunner and its processes say to each other: a length, a kind, and the rest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "jq/sandbox/limits.h"

namespace postrider::jq {

enum class FrameKind : std::uint8_t {
  kSetUp = 1,  ///< limits; answered by kReady or kUnfit
  kCompile,    ///< one program; answered by kNothing or kError
  kRun,        ///< programs and their input; each answered by kNothing, kOutput or kError
  kReady,
  kUnfit,    ///< why no program may run here
  kNothing,  ///< the program made no output, or compiles
  kOutput,   ///< its first output
  kError,    ///< why it failed
};

struct Frame {
  FrameKind kind = FrameKind::kUnfit;
  std::string_view payload;  ///< until the buffer that it came from is changed
};

/// Bytes of a frame before its payload.
inline constexpr std::size_t kFrameHeadBytes = 5;

/// A frame's head. Both ends are the same program on the same machine, so numbers go as they are.
[[nodiscard]] std::string frame_head(FrameKind kind, std::size_t payload_bytes);

/// Takes bytes as they come and gives frames. Owned by one thread.
class FrameBuffer {
 public:
  /// Room for at least one more byte; for all of a frame once its length is known.
  [[nodiscard]] std::span<char> room();
  /// `bytes` of the room were written.
  void filled(std::size_t bytes) { end_ += bytes; }

  /// The next frame when it is complete. The one before it is gone then.
  [[nodiscard]] std::optional<Frame> next();
  /// The payload's length of the frame that is not complete yet; 0 when that is not known.
  [[nodiscard]] std::size_t awaited_bytes() const;

  /// Forgets everything; memory of a large frame is given back.
  void clear();

 private:
  std::string data_;
  std::size_t start_ = 0;
  std::size_t end_ = 0;
};

[[nodiscard]] std::string pack_limits(const SandboxLimits& limits);
/// Nothing when they are not complete.
[[nodiscard]] std::optional<SandboxLimits> unpack_limits(std::string_view payload);

/// What precedes the input in the payload of kRun.
[[nodiscard]] std::string pack_programs(std::span<const std::string> programs);

struct RunFrame {
  std::vector<std::string_view> programs;
  std::string_view input;
};
[[nodiscard]] std::optional<RunFrame> unpack_run(std::string_view payload);

}  // namespace postrider::jq
