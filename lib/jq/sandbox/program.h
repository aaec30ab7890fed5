// One jq program: compiled once, run over many inputs that know nothing of each other.
#pragma once

#include <atomic>
#include <string>
#include <string_view>

#include "jq/sandbox/frames.h"
#include "jq/sandbox/jq_handles.h"

namespace postrider::jq {

/// What a program made, as one frame.
struct Answer {
  FrameKind kind = FrameKind::kNothing;
  std::string text;
};

/// What a signal handler sees of the program that runs. Everything is written by one thread and by
/// handlers that interrupt it.
struct Watch {
  std::atomic<jq_state*> running{nullptr};  ///< only while it can be halted
  std::atomic<int> ticks{0};                ///< how often time was up
  std::atomic<bool> halted{false};          ///< whether the handler halted it
};

/// Called when memory is used up; does not return.
using OutOfMemory = void (*)(void*);

/// A line of UTF-8 with at most kProgramErrorBytesMax bytes, of what libjq says.
[[nodiscard]] std::string one_line(std::string_view text);

/// The value of a JSON text, or the reason why it is none.
[[nodiscard]] Value parse_input(std::string_view text);

/// Owned by one thread.
class Program {
 public:
  /// Compiles, in 30 ms or more. Modules are refused.
  Program(std::string_view text, OutOfMemory out_of_memory);

  /// Why `text` is no program; empty when it is one.
  [[nodiscard]] static std::string check(std::string_view text, OutOfMemory out_of_memory);

  /// Why it cannot run: jq's own message; empty when it can.
  [[nodiscard]] const std::string& error() const { return error_; }

  /// Its first output over `input`; nothing is left of this run afterwards.
  [[nodiscard]] Answer run(const Value& input, Watch& watch, std::size_t output_bytes_max);

  /// Whether it halted itself, after which jq 1.6 cannot run it again.
  [[nodiscard]] bool is_spent() const { return state_ == nullptr; }

 private:
  Answer halt_answer();

  State state_;
  std::string error_;
};

}  // namespace postrider::jq
