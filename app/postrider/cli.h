// Commands, their flags and the sources of their values. Wraps CLI11.
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

/// One command of a Cli, which must outlive it. Options write to variables that keep() made.
class Command {
 public:
  /// Adds a subcommand. `example` is a line that can be pasted into a shell.
  [[nodiscard]] Command add(
      std::string_view name, std::string_view summary, std::string_view example = {}
  ) const;

  /// Makes a T that lives as long as the Cli.
  template <class T>
  T& keep() const;

  // A value comes from the command line; otherwise from POSTRIDER_<NAME> if allow_environment() was
  // called for the flag; otherwise from the --config file. If none has it, the variable stays
  // unchanged. `name` has no dashes.
  void text(std::string_view name, std::string& value, std::string_view help) const;
  void text(std::string_view name, std::optional<std::string>& value, std::string_view help) const;
  /// The flag can be repeated. With `split`, one value can also be a list.
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
  /// Accepts fractions.
  void number(std::string_view name, double& value, double min, double max, std::string_view help)
      const;
  void flag(std::string_view name, bool& value, std::string_view help) const;
  void argument(std::string_view name, std::string& value, std::string_view help) const;
  /// An argument that must not be empty, as the value of an unset shell variable would be.
  void id_argument(std::string_view name, std::string& value, std::string_view help) const;
  void argument(std::string_view name, std::optional<std::string>& value, std::string_view help)
      const;

  /// The flag's value may also come from POSTRIDER_<NAME> and from a key outside the sections of
  /// the --config file. Other flags use neither, so that a variable for the service does not change
  /// what a client command sends.
  void allow_environment(std::string_view name) const;
  /// Calls allow_environment(name) for every flag of the command.
  void allow_environment() const;

  /// Whether the flag is on the command line itself. Its value may otherwise come from elsewhere.
  [[nodiscard]] bool is_given(std::string_view name) const;

  /// Sets the function that runs the command and returns the exit status. An error with
  /// kInvalidArgument of `run_checked` is wrong usage, other errors are failures; both are printed
  /// in one line.
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
  /// `version` is printed by --version after the name.
  Cli(std::string_view name, std::string_view summary, std::string_view version = {});
  ~Cli();
  Cli(const Cli&) = delete;
  Cli& operator=(const Cli&) = delete;

  [[nodiscard]] Command root();

  /// Parses the arguments (without the program's name), runs the command and returns the exit
  /// status. Wrong usage prints one line to `err` and returns 2. `help COMMAND` is built in.
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

/// Prints a failure as `postrider: …` and returns the exit status for it.
int report(Io& io, const Error& error);
/// Prints an error and returns kExitFailed for every code: an unusable database is a failure, not
/// wrong usage.
int report_failure(Io& io, const Error& error);

}  // namespace postrider::cli
