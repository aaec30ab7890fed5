// The frames that a ProcessRunner and its worker processes exchange: length, kind, payload.
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

/// Assembles frames from received bytes. Owned by one thread.
class FrameBuffer {
 public:
  /// Returns a buffer for at least one more byte, or for the rest of a frame once its length is
  /// known.
  [[nodiscard]] std::span<char> room();
  /// The caller has written `bytes` into the buffer.
  void filled(std::size_t bytes) { end_ += bytes; }

  /// Returns the next complete frame. The previous frame is then no longer valid.
  [[nodiscard]] std::optional<Frame> next();
  /// The payload length of the incomplete frame; 0 if it is not known.
  [[nodiscard]] std::size_t awaited_bytes() const;

  /// Drops all bytes and frees the memory of a large frame.
  void clear();

 private:
  std::string data_;
  std::size_t start_ = 0;
  std::size_t end_ = 0;
};

[[nodiscard]] std::string pack_limits(const SandboxLimits& limits);
/// Nothing if the bytes are not complete.
[[nodiscard]] std::optional<SandboxLimits> unpack_limits(std::string_view payload);

/// What precedes the input in the payload of kRun.
[[nodiscard]] std::string pack_programs(std::span<const std::string> programs);

struct RunFrame {
  std::vector<std::string_view> programs;
  std::string_view input;
};
[[nodiscard]] std::optional<RunFrame> unpack_run(std::string_view payload);

}  // namespace postrider::jq
