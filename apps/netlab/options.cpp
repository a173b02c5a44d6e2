#include "apps/netlab/options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>

#include "apps/support/command_line.hpp"
#include "core/error.hpp"

namespace pliant::netlab {
namespace {

/// Options that stay text until all are read.
struct Words {
  std::string rate = "1gbit";
  std::string delay = "100us";
  std::string jitter = "0";
  std::string queue = "0";
  std::string timeout;
  std::string step = "1";
  Launcher launcher = Launcher::automatic;
};

const std::map<std::string, Launcher> kLaunchers = {{"auto", Launcher::automatic},
                                                    {"openmpi", Launcher::openmpi},
                                                    {"mpich", Launcher::mpich},
                                                    {"none", Launcher::none}};

void add_links(CLI::App& app, LabOptions& lab, Words& words) {
  app.add_option("--hosts", lab.hosts, "Hosts, host0 and so on")
      ->check(CLI::Range(1, kMostHosts))
      ->capture_default_str();
  app.add_option("--ppn", lab.ranks_per_host, "Ranks on each host")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  app.add_option("--rate", words.rate, "Each link's rate, up and down (100mbit)")->capture_default_str();
  app.add_option("--delay", words.delay, "One way between two hosts (5ms)")->capture_default_str();
  app.add_option("--jitter", words.jitter, "Frames' delays vary evenly by up to this")->capture_default_str();
  app.add_option("--queue", words.queue, "Room for waiting frames; 0: max(1MB, 4 x rate x round trip)")
      ->capture_default_str();
  app.add_option("--mtu", lab.mtu, "Longest IP packet [byte]")
      ->check(CLI::Range(kLeastMtu, kMostMtu))
      ->capture_default_str();
  app.add_flag("--awake", lab.awake,
               "Keep idle processors awake: exact times on virtual machines, where programs compute little");
  app.add_flag("--rootless", lab.rootless, "Use a user namespace even as root");
}

void add_schedule(CLI::App& app, LabOptions& lab, Words& words) {
  std::string names;
  for (const BuiltInSchedule& schedule : built_in_schedules())
    names += "\n" + std::string(schedule.name) + ": " + std::string(schedule.summary);
  ScheduleOptions& schedule = lab.schedule;
  app.add_option("--schedule", schedule.name,
                 "Changes: a file of lines `TIME TARGET key=value...`, or one of" + names);
  app.add_option("--schedule-step", words.step, "Length of one step, or of an epoch of c1 and c2 [s]")
      ->capture_default_str();
  app.add_option("--rate-scale", schedule.rate_scale, "c1, c2: times the papers' rates (0.01: 250 Mbit/s)")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--delay-scale", schedule.delay_scale, "c1, c2: times the papers' delays")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--schedule-low", schedule.low, "sine, step, walk: lowest rate / rate")
      ->check(CLI::Range(1e-6, 1.0))
      ->capture_default_str();
  app.add_option("--seed", lab.seed, "Of walk and of jitter")->capture_default_str();
}

void add_run(CLI::App& app, Options& options, Words& words) {
  CLI::App& run = *app.add_subcommand(
      "run", "A lab for one program: pliant_netlab run --hosts 8 --rate 100mbit --delay 5ms -- PROGRAM ARGS");
  add_links(run, options.run.lab, words);
  add_schedule(run, options.run.lab, words);
  run.add_option("--launcher", words.launcher,
                 "auto: by mpirun, unless the program is a launcher itself; none: once, on host0")
      ->transform(CLI::CheckedTransformer(kLaunchers));
  run.add_option("--timeout", words.timeout, "End the program after this time [s], with status 124");
  run.add_flag("--stats", options.run.statistics, "Counts of all links to stderr, at the end");
  run.add_option("--log", options.run.log, "Write the changes to this file, a line of JSON each");
}

void add_others(CLI::App& app, Options& options, Words& words) {
  CLI::App& up = *app.add_subcommand("up", "A lab that stays: prints the variable that names it");
  add_links(up, options.run.lab, words);
  add_schedule(up, options.run.lab, words);
  const auto lab_option = [&](CLI::App& command) {
    command.add_option("--lab", options.lab, "The lab's socket (default: $PLIANT_NETLAB, or the only lab)");
  };
  CLI::App& exec =
      *app.add_subcommand("exec", "A program on one host: pliant_netlab exec host2 -- PROGRAM ARGS");
  lab_option(exec);
  exec.add_option("host", options.target, "host0 and so on")->required();
  std::string keys;
  for (const SettingKey& key : setting_keys())
    keys += "\n" + std::string(key.name) + ": " + std::string(key.meaning);
  CLI::App& set =
      *app.add_subcommand("set", "Change links: pliant_netlab set host1,host3 rate=20mbit delay=5ms");
  lab_option(set);
  set.add_option("target", options.target, "all, host3, host0,host2, host1-host3")->required();
  set.add_option("settings", options.settings, "key=value, of" + keys)->required();
  CLI::App& stats = *app.add_subcommand("stats", "Counts of all links");
  lab_option(stats);
  stats.add_flag("--json", options.json, "Machine-readable");
  CLI::App& log = *app.add_subcommand("log", "What links were set to, and when");
  lab_option(log);
  log.add_flag("--json", options.json, "A line of JSON for each change; times are CLOCK_MONOTONIC's");
  log.add_option("--from", options.from, "Read what run --log has written")->check(CLI::ExistingFile);
  log.add_option("--into", options.into, "Write it into this trace, as its group /network")
      ->check(CLI::ExistingFile);
  lab_option(*app.add_subcommand("down", "End a lab and everything in it"));
  CLI::App& selftest = *app.add_subcommand("selftest", "Measure how faithful the lab is on this machine");
  selftest.add_flag("--quick", options.quick, "A few points only");
}

/// Converts the text. Throws Error(argument).
void settle(const Words& words, Options& options) {
  LabOptions& lab = options.run.lab;
  const std::vector<Assignment> link = {
      parse_assignment("rate=" + words.rate), parse_assignment("delay=" + words.delay),
      parse_assignment("jitter=" + words.jitter), parse_assignment("queue=" + words.queue)};
  assign(link, lab.link);
  lab.schedule.step_s = parse_time("--schedule-step", words.step);
  check_step(lab.schedule.step_s);
  lab.schedule.seed = lab.seed;
  if (!words.timeout.empty()) options.run.timeout_s = parse_time("--timeout", words.timeout);
  options.run.launcher = words.launcher;
  options.run.program = options.program;
}

/// Replaces CLI11's message, which only says that a command is needed.
void check_command(const CLI::App& app, int argc, const char* const* argv) {
  if (argc < 2 || argv[1][0] == '-') return;
  std::string names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_name() == argv[1]) return;
    names += (names.empty() ? "" : ", ") + command->get_name();
  }
  throw Error(ErrorClass::argument, quoted("command", argv[1]), "the commands are " + names,
              "Choose one of them");
}

}  // namespace

std::optional<int> parse_options(int argc, const char* const* argv, Options& options) {
  const auto* const end = argv + argc;
  const auto* const dashes = std::find(argv, end, std::string_view("--"));
  if (dashes != end) options.program.assign(dashes + 1, end);
  CLI::App app("Emulated hosts with real TCP and links that change, for unmodified MPI programs",
               "pliant_netlab");
  app.require_subcommand(1);
  Words words;
  add_run(app, options, words);
  add_others(app, options, words);
  check_command(app, argc, argv);
  if (const auto status = apps::parse(app, static_cast<int>(dashes - argv), argv)) return status;
  options.command = app.get_subcommands().front()->get_name();
  settle(words, options);
  const bool takes_program = options.command == "run" || options.command == "exec";
  if (takes_program == options.program.empty())
    throw Error(
        ErrorClass::argument,
        takes_program ? "no program was given" : quoted("program", options.program.front()),
        takes_program ? "it stands after --" : options.command + " takes none",
        takes_program ? "Write pliant_netlab " + options.command + " ... -- PROGRAM" : "Leave it out");
  return std::nullopt;
}

}  // namespace pliant::netlab
