#include "jq/sandbox/frames.h"

#include <array>
#include <cstring>

namespace postrider::jq {
namespace {

constexpr std::size_t kRoomBytes = 64U << 10U;
constexpr std::size_t kKeptBytes = 1U << 20U;

template <class Number>
void put(std::string& out, Number number) {
  std::array<char, sizeof number> bytes{};
  std::memcpy(bytes.data(), &number, sizeof number);
  out.append(bytes.data(), bytes.size());
}

template <class Number>
std::optional<Number> take(std::string_view& from) {
  Number number{};
  if (from.size() < sizeof number) return std::nullopt;
  std::memcpy(&number, from.data(), sizeof number);
  from.remove_prefix(sizeof number);
  return number;
}

}  // namespace

std::string frame_head(FrameKind kind, std::size_t payload_bytes) {
  std::string head;
  put(head, static_cast<std::uint32_t>(payload_bytes));
  head.push_back(static_cast<char>(kind));
  return head;
}

std::size_t FrameBuffer::awaited_bytes() const {
  std::string_view rest{data_.data() + start_, end_ - start_};
  return take<std::uint32_t>(rest).value_or(0);
}

std::span<char> FrameBuffer::room() {
  if (start_ == end_) start_ = end_ = 0;
  const std::size_t frame_bytes = kFrameHeadBytes + awaited_bytes();
  const std::size_t held = end_ - start_;
  const std::size_t missing = frame_bytes > held ? frame_bytes - held : 1;
  const std::size_t wanted = end_ + std::max(missing, kRoomBytes);
  if (data_.size() < wanted) data_.resize(wanted);
  return std::span{data_}.subspan(end_);
}

std::optional<Frame> FrameBuffer::next() {
  if (end_ - start_ < kFrameHeadBytes) return std::nullopt;
  const std::size_t bytes = awaited_bytes();
  if (end_ - start_ < kFrameHeadBytes + bytes) return std::nullopt;
  const auto kind = static_cast<FrameKind>(data_[start_ + kFrameHeadBytes - 1]);
  const std::string_view payload{data_.data() + start_ + kFrameHeadBytes, bytes};
  start_ += kFrameHeadBytes + bytes;
  return Frame{kind, payload};
}

void FrameBuffer::clear() {
  start_ = end_ = 0;
  if (data_.size() > kKeptBytes) std::string{}.swap(data_);
}

std::string pack_limits(const SandboxLimits& limits) {
  std::string out;
  put(out, std::int64_t{limits.run_cpu.count()});
  put(out, std::int64_t{limits.prepare_cpu.count()});
  put(out, std::uint64_t{limits.memory_bytes});
  put(out, std::uint64_t{limits.output_bytes});
  put(out, std::uint64_t{limits.cached});
  return out;
}

std::optional<SandboxLimits> unpack_limits(std::string_view payload) {
  const auto run_cpu = take<std::int64_t>(payload);
  const auto prepare_cpu = take<std::int64_t>(payload);
  const auto memory_bytes = take<std::uint64_t>(payload);
  const auto output_bytes = take<std::uint64_t>(payload);
  const auto cached = take<std::uint64_t>(payload);
  if (!cached) return std::nullopt;
  return SandboxLimits{
      .run_cpu = Millis{*run_cpu},
      .prepare_cpu = Millis{*prepare_cpu},
      .memory_bytes = *memory_bytes,
      .output_bytes = *output_bytes,
      .cached = *cached};
}

std::string pack_programs(std::span<const std::string> programs) {
  std::string out;
  put(out, static_cast<std::uint32_t>(programs.size()));
  for (const std::string& program : programs) {
    put(out, static_cast<std::uint32_t>(program.size()));
    out += program;
  }
  return out;
}

std::optional<RunFrame> unpack_run(std::string_view payload) {
  RunFrame run;
  const auto count = take<std::uint32_t>(payload);
  if (!count) return std::nullopt;
  for (std::uint32_t i = 0; i < *count; ++i) {
    const auto bytes = take<std::uint32_t>(payload);
    if (!bytes || payload.size() < *bytes) return std::nullopt;
    run.programs.push_back(payload.substr(0, *bytes));
    payload.remove_prefix(*bytes);
  }
  run.input = payload;
  return run;
}

}  // namespace postrider::jq
