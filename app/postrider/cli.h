// Commands, their flags and where the values come from. Wraps CLI11.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/postrider/io.h"
#include "base/error.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the name is CLI11's
class App;
}  // namespace CLI

namespace postrider::cli {

class Cli;

/// One command of a Cli, which outlives it. Options write into variables that `keep` made.
class Command {
 public:
  /// `example`: a line that can be pasted into a shell.
  [[nodiscard]] Command add(
      std::string_view name, std::string_view summary, std::string_view example = {}
  ) const;

  /// Makes a T that lives as long as the Cli.
  template <class T>
  T& keep() const;

  // A value comes from the command line, else from POSTRIDER_<NAME> if allow_environment() was
  // called for the flag, else from the --config file, else it stays as it is. `name` has no dashes.
  void text(std::string_view name, std::string& value, std::string_view help) const;
  void text(std::string_view name, std::optional<std::string>& value, std::string_view help) const;
  /// Repeatable; with `split` also a list in one value.
  void list(
      std::string_view name, std::vector<std::string>& values, std::string_view help, char split = 0
  ) const;
  struct Range {
    std::int64_t min;
    std::int64_t max;
  };
  void number(std::string_view name, std::int64_t& value, Range range, std::string_view help) const;
  void number(
      std::string_view name, std::optional<std::int64_t>& value, Range range, std::string_view help
  ) const;
  /// Fractions count.
  void number(std::string_view name, double& value, double min, double max, std::string_view help)
      const;
  void flag(std::string_view name, bool& value, std::string_view help) const;
  void argument(std::string_view name, std::string& value, std::string_view help) const;
  /// An argument that must not be empty, such as the value of a shell variable that is not set.
  void id_argument(std::string_view name, std::string& value, std::string_view help) const;
  void argument(std::string_view name, std::optional<std::string>& value, std::string_view help)
      const;

  /// The flag's value may also come from POSTRIDER_<NAME> and from a key outside the sections of
  /// the
  /// --config file. A flag without this takes neither: a variable that is meant for the service
  /// must not change what a client command sends.
  void allow_environment(std::string_view name) const;
  /// The same for every flag of the command.
  void allow_environment() const;

  /// Whether the flag stands on the command line itself: a value may have come from elsewhere.
  [[nodiscard]] bool is_given(std::string_view name) const;

  /// What the command does; returns the exit status. kInvalidArgument of `run_checked` is wrong
  /// usage, other errors are failures; both are shown in one line.
  void run(std::function<int(Io&)> body) const;
  void run_checked(std::function<Result<int>(Io&)> body) const;

 private:
  friend class Cli;
  Command(Cli& cli, CLI::App& app) : cli_(&cli), app_(&app) {}

  Cli* cli_;
  CLI::App* app_;
};

/// The whole command line. Owned by one thread.
class Cli {
 public:
  /// `version`: what --version prints after the name.
  Cli(std::string_view name, std::string_view summary, std::string_view version = {});
  ~Cli();
  Cli(const Cli&) = delete;
  Cli& operator=(const Cli&) = delete;

  [[nodiscard]] Command root();

  /// Parses (without the program's name), runs the command, returns the exit status. Wrong usage is
  /// one line on `err` and status 2. `help COMMAND` is built in.
  [[nodiscard]] int run(std::vector<std::string> args, Io& io);

 private:
  friend class Command;
  struct Impl;
  std::unique_ptr<Impl> impl_;

  void add_help();

  struct Kept {
    virtual ~Kept() = default;
  };
  template <class T>
  struct KeptValue final : Kept {
    T value{};
  };
  std::vector<std::unique_ptr<Kept>> kept_;
};

template <class T>
T& Command::keep() const {
  auto kept = std::make_unique<Cli::KeptValue<T>>();
  T& value = kept->value;
  cli_->kept_.push_back(std::move(kept));
  return value;
}

/// Shows a failure as `postrider: …` and returns the exit status that fits it.
int report(Io& io, const Error& error);
/// Shows it and returns kExitFailed whatever the code of the error: an unfit database is a failure,
/// not wrong usage.
int report_failure(Io& io, const Error& error);

}  // namespace postrider::cli
