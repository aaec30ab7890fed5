#include "jq/sandbox/program_cache.h"

namespace postrider::jq {

Program* ProgramCache::find(std::string_view text) {
  const auto found = by_text_.find(text);
  if (found == by_text_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return &found->second->program;
}

Program& ProgramCache::add(std::string_view text, Program program) {
  make_room(text.size());
  entries_.push_front({std::string{text}, std::move(program)});
  by_text_.emplace(entries_.front().text, entries_.begin());
  bytes_ += text.size();
  return entries_.front().program;
}

void ProgramCache::forget(std::string_view text) {
  const auto found = by_text_.find(text);
  if (found == by_text_.end()) return;
  const auto entry = found->second;
  bytes_ -= entry->text.size();
  by_text_.erase(found);
  entries_.erase(entry);
}

void ProgramCache::make_room(std::size_t bytes) {
  while (!entries_.empty() && (entries_.size() >= programs_max_ || bytes_ + bytes > bytes_max_)) {
    forget(entries_.back().text);
  }
}

}  // namespace postrider::jq
