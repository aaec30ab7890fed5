// One jq program: compiled once and run over many independent inputs.
#pragma once

#include <atomic>
#include <string>
#include <string_view>

#include "jq/sandbox/frames.h"
#include "jq/sandbox/jq_handles.h"

namespace postrider::jq {

/// The output of a program as one frame.
struct Answer {
  FrameKind kind = FrameKind::kNothing;
  std::string text;
};

/// The state that signal handlers see of the running program. One thread writes it, and the
/// handlers that interrupt this thread.
struct Watch {
  std::atomic<jq_state*> running{nullptr};  ///< only while it can be halted
  std::atomic<int> ticks{0};                ///< how often time was up
  std::atomic<bool> halted{false};          ///< whether the handler halted it
};

/// Called when memory is exhausted. Does not return.
using OutOfMemory = void (*)(void*);

/// Makes a message of libjq one line of UTF-8 with at most kProgramErrorBytesMax bytes.
[[nodiscard]] std::string one_line(std::string_view text);

/// Parses a JSON text; the error says why it is not valid.
[[nodiscard]] Value parse_input(std::string_view text);

/// Owned by one thread.
class Program {
 public:
  /// Compiles the program, which takes 30 ms or more. Modules are refused.
  Program(std::string_view text, OutOfMemory out_of_memory);

  /// Why `text` is not a valid program; empty if it is.
  [[nodiscard]] static std::string check(std::string_view text, OutOfMemory out_of_memory);

  /// jq's message if the program does not compile; empty if it does.
  [[nodiscard]] const std::string& error() const { return error_; }

  /// Returns the first output over `input`. No state of the run is kept.
  [[nodiscard]] Answer run(const Value& input, Watch& watch, std::size_t output_bytes_max);

  /// Whether the program has halted itself: jq 1.6 cannot run it again.
  [[nodiscard]] bool is_spent() const { return state_ == nullptr; }

 private:
  Answer halt_answer();

  State state_;
  std::string error_;
};

}  // namespace postrider::jq
