// Time that moves when the simulator says so.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "base/clock.h"

namespace postrider::sim {

class SimClock final : public Clock {
 public:
  [[nodiscard]] WallTime wall_now() const override { return wall_; }
  [[nodiscard]] MonoTime mono_now() const override { return mono_; }

  [[nodiscard]] std::int64_t boot() const override { return boot_; }

  /// The machine was restarted: monotonic instants from before have no meaning.
  void reboot() { ++boot_; }
  void advance(Millis by) {
    mono_ += by;
    set_wall(wall_ + by);
  }
  /// Sets the wall clock; monotonic time is not affected.
  void step_wall(Millis by) { set_wall(std::max(wall_ + by, kWallMin)); }

  /// How many instants the wall clock has shown; a mark for wall_max_since.
  [[nodiscard]] std::size_t mark() const { return shown_.size() - 1; }
  /// The latest instant that the wall clock has shown since `mark`.
  [[nodiscard]] WallTime wall_max_since(std::size_t mark) const {
    return *std::max_element(shown_.begin() + static_cast<std::ptrdiff_t>(mark), shown_.end());
  }

 private:
  static constexpr WallTime kWallMin = from_unix_ms(1'600'000'000'000);

  void set_wall(WallTime wall) {
    wall_ = wall;
    shown_.push_back(wall);
  }

  std::int64_t boot_ = 1;
  WallTime wall_ = from_unix_ms(1'767'225'600'000);
  MonoTime mono_{std::chrono::hours{1}};
  std::vector<WallTime> shown_{wall_};
};

/// The clocks of one machine.
class MachineClock final : public Clock {
 public:
  struct Machine {
    std::int64_t boot = 0;  ///< 0: that of the simulator's own clock
    Millis wall_ahead{0};
    Millis mono_ahead{0};
  };
  /// `clock` outlives it.
  MachineClock(const SimClock& clock, const Machine& machine) : clock_(clock), machine_(machine) {}

  [[nodiscard]] WallTime wall_now() const override {
    return clock_.wall_now() + machine_.wall_ahead;
  }
  [[nodiscard]] MonoTime mono_now() const override {
    return clock_.mono_now() + machine_.mono_ahead;
  }
  [[nodiscard]] std::int64_t boot() const override {
    return machine_.boot == 0 ? clock_.boot() : machine_.boot;
  }

 private:
  const SimClock& clock_;
  const Machine machine_;
};

}  // namespace postrider::sim
