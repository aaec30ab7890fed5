#include "jq/sandbox/program.h"

#include <algorithm>
#include <array>
#include <memory>

#include "base/limits.h"
#include "base/unique_handle.h"

namespace postrider::jq {
namespace {

constexpr std::string_view kPrefix = "jq: error: ";
constexpr std::string_view kShellHint = " (Unix shell quoting issues?)";

/// The end of `text` within `bytes` that cuts no character of UTF-8.
std::size_t whole_characters(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text.size();
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0U) == 0x80U) --bytes;
  return bytes;
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// The directive that a program begins with, when that has to do with modules. They can stand
/// nowhere else. jq 1.6 would take an import that is `optional` for none at all.
std::string_view module_directive(std::string_view text) {
  while (!text.empty()) {
    if (text.front() == '#') {
      text.remove_prefix(std::min(text.find('\n'), text.size()));
    } else if (std::string_view{" \t\r\n"}.find(text.front()) != std::string_view::npos) {
      text.remove_prefix(1);
    } else {
      break;
    }
  }
  const auto end = std::find_if_not(text.begin(), text.end(), is_word);
  const std::string_view word = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  constexpr std::array<std::string_view, 3> kDirectives = {"import", "include", "module"};
  return std::find(kDirectives.begin(), kDirectives.end(), word) == kDirectives.end()
             ? std::string_view{}
             : word;
}

/// Keeps the first message; the others follow from it.
void keep_message(void* error, jv message) {
  auto& kept = *static_cast<std::string*>(error);
  const Value text{jq_format_error(message)};
  if (!kept.empty() || text.kind() != JV_KIND_STRING) return;
  std::string_view said = text.text();
  if (said.starts_with(kPrefix)) said.remove_prefix(kPrefix.size());
  std::string line = one_line(said);
  if (const auto hint = line.find(kShellHint); hint != std::string::npos)
    line.erase(hint, kShellHint.size());
  if (line.ends_with(':')) line.pop_back();
  kept = line.empty() ? "jq does not say why" : line;
}

void drop_message(void* /*unused*/, jv message) { jv_free(message); }

jv no_input(jq_state* /*state*/, void* /*unused*/) {
  return jv_invalid_with_msg(jv_string("a program has one input, which is `.`"));
}

/// Why a run failed, of the value that jq_next() gave.
Answer error_answer(Value result) {
  if (jv_invalid_has_msg(result.copy()) == 0) return {FrameKind::kNothing, {}};
  const Value message{jv_invalid_get_msg(result.release())};
  // error() takes any value.
  const bool is_text = message.kind() == JV_KIND_STRING;
  std::string line = is_text ? one_line(message.text()) : one_line(dump(message).text());
  return {FrameKind::kError, line.empty() ? "error" : std::move(line)};
}

Answer output_answer(const Value& result, std::size_t bytes_max) {
  const Value json = dump(result);
  const std::string_view text = json.text();
  if (text.size() <= bytes_max) return {FrameKind::kOutput, std::string{text}};
  return {FrameKind::kError, "its output is larger than " + bytes_text(bytes_max)};
}

/// `text` so that it ends after its first output. When only the caller stopped there, jq 1.6 could
/// not let go of programs that wait for more paths: it fails an assertion.
std::string with_end(std::string_view text) {
  return "label $__first | (" + std::string{text} + "\n) | ., break $__first";
}

/// Sets `error` or returns a program.
State compile(const std::string& text, OutOfMemory out_of_memory, std::string& error) {
  error.clear();
  if (text.find('\0') != std::string::npos) {
    error = "syntax error, unexpected NUL";
    return nullptr;
  }
  if (const auto word = module_directive(text); !word.empty()) {
    error = "modules are not available: " + std::string{word};
    return nullptr;
  }
  State state{jq_init()};
  jq_set_nomem_handler(state.get(), out_of_memory, nullptr);
  jq_set_error_cb(state.get(), keep_message, &error);
  // jq 1.6 leaves this one uninitialised.
  jq_set_debug_cb(state.get(), drop_message, nullptr);
  jq_set_input_cb(state.get(), no_input, nullptr);
  // Without a list jq 1.6 fails an assertion where it looks for a module.
  jq_set_attr(state.get(), jv_string("JQ_LIBRARY_PATH"), jv_array());
  const bool compiled = jq_compile(state.get(), text.c_str()) != 0;
  jq_set_error_cb(state.get(), drop_message, nullptr);
  if (compiled) return state;
  if (error.empty()) error = "jq does not say why";
  return nullptr;
}

}  // namespace

std::string one_line(std::string_view text) {
  text = text.substr(0, text.find('\n'));
  std::string line{text.substr(0, whole_characters(text, limits::kProgramErrorBytesMax))};
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20U || c == 0x7F; };
  std::replace_if(line.begin(), line.end(), is_control, ' ');
  return line;
}

Value parse_input(std::string_view text) {
  // jv_parse_sized() would put the whole text into its message.
  const UniqueHandle<jv_parser, jv_parser_free> parser{jv_parser_new(0)};
  jv_parser_set_buf(parser.get(), text.data(), static_cast<int>(text.size()), 0);
  return Value{jv_parser_next(parser.get())};
}

std::string Program::check(std::string_view text, OutOfMemory out_of_memory) {
  std::string error;
  static_cast<void>(compile(std::string{text}, out_of_memory, error));  // Only the error counts.
  return error;
}

Program::Program(std::string_view text, OutOfMemory out_of_memory) {
  state_ = compile(with_end(text), out_of_memory, error_);
  if (state_ != nullptr) return;
  // The text is wrong, or definitions without anything that uses them; the message is as check()
  // has it.
  state_ = compile(std::string{text}, out_of_memory, error_);
}

Answer Program::run(const Value& input, Watch& watch, std::size_t output_bytes_max) {
  jq_start(state_.get(), input.copy(), 0);
  watch.running = state_.get();
  Value result{jq_next(state_.get())};
  watch.running = nullptr;
  if (jq_halted(state_.get()) != 0 && !watch.halted) return halt_answer();
  Answer answer{FrameKind::kError, "halted"};
  if (result.is_valid()) {
    // Comes to its end.
    watch.running = state_.get();
    const Value end{jq_next(state_.get())};
    watch.running = nullptr;
    answer = output_answer(result, output_bytes_max);
  } else if (!watch.halted) {
    answer = error_answer(std::move(result));
  }
  // Lets go of everything that the stack still holds of this run.
  jq_start(state_.get(), jv_null(), 0);
  return answer;
}

Answer Program::halt_answer() {
  const Value message{jq_get_error_message(state_.get())};
  std::string why = "it called halt";
  if (message.kind() == JV_KIND_STRING) {
    why = "it called halt_error: " + std::string{message.text()};
  } else if (message.is_valid()) {
    why = "it called halt_error: " + std::string{dump(message).text()};
  }
  // A second jq_start() would free the message again.
  state_.reset();
  return {FrameKind::kError, one_line(why)};
}

}  // namespace postrider::jq
