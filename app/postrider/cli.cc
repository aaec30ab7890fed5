#include "app/postrider/cli.h"

#include <algorithm>
#include <cstdlib>
#include <ostream>
#include <set>

#include <CLI/CLI.hpp>

#include "app/postrider/nearest_word.h"
#include "app/postrider/table.h"

namespace postrider::cli {
namespace {

std::string environment_name(std::string_view option) {
  std::string name = "POSTRIDER_";
  for (const char c : option) {
    name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return name;
}

bool in_environment(std::string_view option) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing changes the environment, and no thread runs yet
  const char* value = std::getenv(environment_name(option).c_str());
  return value != nullptr && *value != '\0';
}

std::vector<CLI::App*> children(CLI::App& app) {
  return app.get_subcommands([](CLI::App*) { return true; });
}

/// Whether `app` or a command below it has that option.
bool knows_option(CLI::App& app, const std::string& name) {
  std::vector<CLI::App*> open{&app};
  while (!open.empty()) {
    CLI::App* next = open.back();
    open.pop_back();
    if (next->get_option_no_throw("--" + name) != nullptr) return true;
    for (CLI::App* child : children(*next)) open.push_back(child);
  }
  return false;
}

CLI::App* find_command(CLI::App& root, const std::vector<std::string>& path) {
  CLI::App* command = &root;
  for (const std::string& name : path) {
    const auto below = children(*command);
    const auto found = std::find_if(below.begin(), below.end(), [&](CLI::App* child) {
      return child->get_name() == name;
    });
    if (found == below.end()) return nullptr;
    command = *found;
  }
  return command;
}

/// The flags whose values may come from outside the command line; see allow_environment().
struct EnvironmentFlags {
  std::set<const CLI::App*> whole_commands;
  std::set<std::pair<const CLI::App*, std::string>> flags;

  [[nodiscard]] bool allow(const CLI::App* command, const std::string& name) const {
    return whole_commands.contains(command) || flags.contains({command, name});
  }

  /// Lets CLI11 read the variables of a command's flags, and name them in its help.
  void apply_to(CLI::App& command) const {
    for (CLI::Option* option : command.get_options()) {
      const auto& names = option->get_lnames();
      if (names.empty() || names.front() == "help" || !allow(&command, names.front())) continue;
      option->envname(environment_name(names.front()));
    }
  }
};

/// A configuration file has values for all commands. Keys in the [section] of the running command
/// apply, and so do keys outside the sections if the flag allows it. Keys of other commands are
/// skipped; keys of no command are errors.
class ConfigFile final : public CLI::ConfigTOML {
 public:
  ConfigFile(CLI::App& root, CLI::App* const& active, const EnvironmentFlags& environment)
      : root_(root), active_(active), environment_(environment) {}

  std::vector<CLI::ConfigItem> from_config(std::istream& input) const override {
    std::vector<CLI::ConfigItem> kept;
    const std::vector<std::string> path = active_path();
    for (CLI::ConfigItem& item : CLI::ConfigTOML::from_config(input)) {
      if (item.name == "++" || item.name == "--") continue;
      CLI::App* section = find_command(root_, item.parents);
      if (section == nullptr || item.name == "config" || !knows_option(*section, item.name)) {
        throw CLI::ConfigError("there is no flag " + item.fullname());
      }
      if (!is_wanted(item, path)) continue;
      item.parents = path;
      kept.push_back(std::move(item));
    }
    return kept;
  }

 private:
  [[nodiscard]] bool is_wanted(const CLI::ConfigItem& item, const std::vector<std::string>& path)
      const {
    const bool covers = item.parents.size() <= path.size() &&
                        std::equal(item.parents.begin(), item.parents.end(), path.begin());
    if (!covers || active_ == nullptr) return false;
    if (active_->get_option_no_throw("--" + item.name) == nullptr) return false;
    const bool shared = environment_.allow(active_, item.name);
    // CLI11 would prefer the file over the environment.
    return shared ? !in_environment(item.name) : !item.parents.empty();
  }

  [[nodiscard]] std::vector<std::string> active_path() const {
    std::vector<std::string> path;
    for (CLI::App* app = active_; app != nullptr && app != &root_; app = app->get_parent()) {
      path.insert(path.begin(), app->get_name());
    }
    return path;
  }

  CLI::App& root_;
  CLI::App* const& active_;
  const EnvironmentFlags& environment_;
};

std::string single_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

std::string command_line_of(const CLI::App* app) {
  std::string line = app->get_name();
  for (app = app->get_parent(); app != nullptr; app = app->get_parent()) {
    line.insert(0, " ").insert(0, app->get_name());
  }
  return line;
}

std::string or_nearest(const std::string& message, const std::string& nearest) {
  return nearest.empty() ? message : message + "; did you mean '" + nearest + "'?";
}

std::string unknown_command(CLI::App& group, const std::string& word) {
  std::vector<std::string> names;
  for (const CLI::App* child : children(group)) names.push_back(child->get_name());
  return or_nearest("unknown command '" + word + "'", nearest_word(word, names));
}

std::string unknown_flag(const CLI::App& command, const std::string& flag) {
  std::vector<std::string> names{"--config"};
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  const std::string name = flag.substr(0, flag.find('='));
  return or_nearest("unknown flag '" + name + "'", nearest_word(name, names));
}

/// Returns an error message for words that no command accepts; empty if there are none.
std::string unknown_word(CLI::App& at, const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    if (word.size() > 1 && word.front() == '-') return unknown_flag(at, word);
  }
  if (words.empty()) return {};
  if (!children(at).empty()) return unknown_command(at, words.front());
  return "unexpected argument '" + words.front() + "'";
}

/// Adds the name of the variable that a wrong value came from.
std::string with_source(
    std::string message,
    const CLI::App& at,
    const EnvironmentFlags& environment,
    const std::vector<std::string>& args
) {
  if (!message.starts_with("--")) return message;
  const std::string flag = message.substr(0, message.find(':'));
  const std::string name = flag.substr(2);
  const bool given = std::any_of(args.begin(), args.end(), [&flag](const std::string& arg) {
    return arg == flag || arg.starts_with(flag + '=');
  });
  if (given || !environment.allow(&at, name) || !in_environment(name)) return message;
  return message + " (from " + environment_name(name) + ")";
}

}  // namespace

struct Cli::Impl {
  CLI::App root;
  CLI::App* active = nullptr;  ///< the innermost command named so far
  EnvironmentFlags environment;
  std::vector<std::string> args;
  std::function<Result<int>(Io&)> body;

  [[nodiscard]] std::string usage_message(const CLI::ParseError& error) {
    CLI::App& at = active == nullptr ? root : *active;
    if (dynamic_cast<const CLI::ConfigError*>(&error) != nullptr ||
        dynamic_cast<const CLI::FileError*>(&error) != nullptr) {
      return "configuration file: " + single_line(error.what());
    }
    if (std::string unknown = unknown_word(at, root.remaining(true)); !unknown.empty()) {
      return unknown;
    }
    const bool no_command = at.get_require_subcommand_min() > 0 && at.get_subcommands().empty();
    if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr && no_command) {
      return "name a command";
    }
    return with_source(single_line(error.what()), at, environment, args);
  }
};

Cli::Cli(std::string_view name, std::string_view summary, std::string_view version)
    : impl_(std::make_unique<Impl>()) {
  CLI::App& root = impl_->root;
  root.name(std::string(name));
  root.description(std::string(summary));
  root.require_subcommand(1);
  root.set_config("--config", "", "TOML file with values of flags, for example limit = 10");
  root.config_formatter(std::make_shared<ConfigFile>(root, impl_->active, impl_->environment));
  if (!version.empty()) {
    const std::string line = std::string(name) + " " + std::string(version);
    root.set_version_flag("--version", line, "Print the version");
  }
  add_help();
}

Cli::~Cli() = default;

Command Cli::root() { return {*this, impl_->root}; }

void Cli::add_help() {
  const std::string name = impl_->root.get_name();
  const Command command =
      root().add("help", "Show the help of a command", name + " help endpoints create");
  auto& path = command.keep<std::vector<std::string>>();
  command.app_
      ->add_option("COMMAND", path, "Command to explain; without it, all commands are listed")
      ->type_name("");
  command.run_checked([impl = impl_.get(), &path](Io& io) -> Result<int> {
    CLI::App* app = &impl->root;
    for (const std::string& word : path) {
      CLI::App* next = find_command(*app, {word});
      if (next == nullptr) {
        return fail(Errc::kInvalidArgument, printable(unknown_command(*app, word)));
      }
      app = next;
    }
    impl->environment.apply_to(*app);
    io.out << app->get_formatter()->make_help(
        app, command_line_of(app), CLI::AppFormatMode::Normal
    );
    return kExitDone;
  });
}

int Cli::run(std::vector<std::string> args, Io& io) {
  CLI::App& root = impl_->root;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing changes the environment, and no thread runs yet
  const char* config = std::getenv("POSTRIDER_CONFIG");
  if (config != nullptr && *config != '\0' &&
      std::find(args.begin(), args.end(), "--config") == args.end()) {
    args.insert(args.begin(), {"--config", config});
  }
  impl_->args = args;
  impl_->active = nullptr;
  std::reverse(args.begin(), args.end());
  try {
    root.parse(std::move(args));
  } catch (const CLI::Success& asked) {  // --help, --version
    return root.exit(asked, io.out, io.err);
  } catch (const CLI::ParseError& error) {
    const CLI::App* at = impl_->active == nullptr ? &root : impl_->active;
    io.err << "postrider: " << printable(impl_->usage_message(error)) << " (see "
           << command_line_of(at) << " --help)\n";
    return kExitUsage;
  }
  const auto status = impl_->body(io);
  return status ? *status : report(io, status.error());
}

int report(Io& io, const Error& error) {
  io.err << "postrider: " << error.context << "\n";
  return error.code == Errc::kInvalidArgument ? kExitUsage : kExitFailed;
}

int report_failure(Io& io, const Error& error) {
  report(io, error);
  return kExitFailed;
}

Command Command::add(std::string_view name, std::string_view summary, std::string_view example)
    const {
  CLI::App* app = app_->add_subcommand(std::string(name), std::string(summary));
  app->fallthrough();  // --config may be given anywhere
  app->require_subcommand(0);
  std::string footer;
  if (!example.empty()) footer = "Example:\n  " + std::string(example) + "\n\n";
  footer +=
      "A flag that shows (Env:NAME) also takes the value of that variable. Every flag is also a "
      "key "
      "of --config FILE.";
  app->footer(footer);
  app_->require_subcommand(1);
  Cli::Impl* impl = cli_->impl_.get();
  app->preparse_callback([impl, app](std::size_t) {
    impl->active = app;
    // Runs only for the command that is invoked, so variables for other commands are not checked.
    impl->environment.apply_to(*app);
  });
  return {*cli_, *app};
}

void Command::text(std::string_view name, std::string& value, std::string_view help) const {
  app_->add_option("--" + std::string(name), value, std::string(help))
      ->capture_default_str()
      ->type_name("TEXT");
}

void Command::text(std::string_view name, std::optional<std::string>& value, std::string_view help)
    const {
  const auto store = [&value](const std::string& text) { value = text; };
  app_->add_option_function<std::string>("--" + std::string(name), store, std::string(help))
      ->type_name("TEXT");
}

void Command::list(
    std::string_view name, std::vector<std::string>& values, std::string_view help, char split
) const {
  auto* option = app_->add_option("--" + std::string(name), values, std::string(help));
  // Otherwise a list would consume the arguments after it.
  option->allow_extra_args(false)->type_name("TEXT");
  if (split != 0) option->delimiter(split);
}

void Command::number(std::string_view name, std::int64_t& value, Range range, std::string_view help)
    const {
  app_->add_option("--" + std::string(name), value, std::string(help))
      ->capture_default_str()
      ->check(CLI::Range(range.min, range.max))
      ->type_name("NUMBER");
}

void Command::number(
    std::string_view name, std::optional<std::int64_t>& value, Range range, std::string_view help
) const {
  const auto store = [&value](const std::int64_t& number) { value = number; };
  app_->add_option_function<std::int64_t>("--" + std::string(name), store, std::string(help))
      ->check(CLI::Range(range.min, range.max))
      ->type_name("NUMBER");
}

void Command::number(
    std::string_view name, double& value, double min, double max, std::string_view help
) const {
  app_->add_option("--" + std::string(name), value, std::string(help))
      ->capture_default_str()
      ->check(CLI::Range(min, max))
      ->type_name("NUMBER");
}

void Command::flag(std::string_view name, bool& value, std::string_view help) const {
  app_->add_flag("--" + std::string(name), value, std::string(help));
}

void Command::argument(std::string_view name, std::string& value, std::string_view help) const {
  app_->add_option(std::string(name), value, std::string(help))->required()->type_name("");
}

void Command::id_argument(std::string_view name, std::string& value, std::string_view help) const {
  const auto refuse_empty = [](const std::string& text) {
    return text.empty() ? std::string("must not be empty") : std::string();
  };
  app_->add_option(std::string(name), value, std::string(help))
      ->required()
      ->type_name("")
      ->check(CLI::Validator(refuse_empty, ""));
}

void Command::argument(
    std::string_view name, std::optional<std::string>& value, std::string_view help
) const {
  const auto store = [&value](const std::string& text) { value = text; };
  app_->add_option_function<std::string>(std::string(name), store, std::string(help))
      ->type_name("");
}

void Command::allow_environment(std::string_view name) const {
  cli_->impl_->environment.flags.emplace(app_, std::string(name));
}

void Command::allow_environment() const { cli_->impl_->environment.whole_commands.insert(app_); }

bool Command::is_given(std::string_view name) const {
  const auto& args = cli_->impl_->args;
  const std::string flag = "--" + std::string{name};
  return std::any_of(args.begin(), args.end(), [&flag](const std::string& arg) {
    return arg == flag || arg.starts_with(flag + '=');
  });
}

void Command::run(std::function<int(Io&)> body) const {
  run_checked([body = std::move(body)](Io& io) -> Result<int> { return body(io); });
}

void Command::run_checked(std::function<Result<int>(Io&)> body) const {
  Cli::Impl* impl = cli_->impl_.get();
  app_->callback([impl, body = std::move(body)] { impl->body = body; });
}

}  // namespace postrider::cli
