// pliant_info: the library's parts, its choice for a given network, and why. Needs no MPI launcher.
#include <cmath>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "apps/info/decision_report.hpp"
#include "apps/info/explain.hpp"
#include "apps/info/regret_report.hpp"
#include "apps/info/sections.hpp"
#include "apps/info/timeline.hpp"
#include "apps/support/check.hpp"
#include "apps/support/command_line.hpp"

namespace {

using namespace pliant;

struct Options {
  std::vector<bool> wanted = std::vector<bool>(info::sections().size());  ///< [section]
  bool explain = false;
  bool regret = false;
  bool decision_time = false;
  bool json = false;
  info::Question question;
  std::vector<std::string> schedules;
  info::RegretOptions simulation;
  info::DecisionOptions decisions;
};

/// A check that rejects an option's text with `rule` unless it is a number that `accepts` takes.
template <class Number>
auto number(const char* name, const char* rule, bool (*accepts)(Number)) {
  return [=](const std::string& text) {
    Number value{};
    if (CLI::detail::lexical_cast(text, value) && accepts(value)) return std::string();
    return std::string(name) + " = " + text + " (must be " + rule + "). Correct it";
  };
}

bool from_papers(const std::string& schedule) {
  return schedule == "c1" || schedule == "c2";
}

/// Throws CLI::ParseError if an option that an explanation needs is missing.
void require_network(const Options& options, const CLI::App& app) {
  if (!options.explain) return;
  const bool described = options.schedules.size() == 1 && from_papers(options.schedules.front());
  for (const char* name : {"--alpha-us", "--gbps", "--ranks", "--count"}) {
    const bool from_schedule =
        described && std::string_view(name) != "--ranks" && std::string_view(name) != "--count";
    if (!from_schedule && app.count(name) == 0) throw CLI::RequiresError("--explain", name);
  }
  if (options.schedules.size() > 1) throw CLI::ValidationError("--schedule", "one at a time with --explain");
}

void add_explain(CLI::App& app, Options& options) {
  info::Question& question = options.question;
  const auto flag = app.add_flag("--explain", options.explain,
                                 "Predicted cost of every algorithm on a network described by:");
  app.add_option("--ranks", question.ranks, "ranks")
      ->check(number<int>("ranks", "a whole number >= 1", [](int ranks) { return ranks >= 1; }))
      ->needs(flag);
  app.add_option("--count", question.count, "float elements per rank")
      ->check(
          number<std::int64_t>("count", "a whole number >= 1", [](std::int64_t count) { return count >= 1; }))
      ->needs(flag);
  app.add_option("--alpha-us", question.alpha_us, "latency of a message [us]; c1 and c2 have their own")
      ->check(number<double>("alpha", "a number >= 0, in microseconds",
                             [](double alpha) { return alpha >= 0 && std::isfinite(alpha); }))
      ->needs(flag);
  app.add_option("--gbps", question.gbps, "bandwidth of a link [Gbit/s]; c1 and c2 have their own")
      ->check(number<double>("bandwidth", "a number > 0, in Gbit/s",
                             [](double gbps) { return gbps > 0 && std::isfinite(gbps); }))
      ->needs(flag);
  app.add_option("--density", question.density, "fraction of elements kept")
      ->check(number<double>("density", "in (0, 1], for example 0.01",
                             [](double density) { return density > 0 && density <= 1; }))
      ->capture_default_str()
      ->needs(flag);
  app.add_option("--model", question.model,
                 "measured: with computing, timed on this processor; paper: the papers' formulas")
      ->check(CLI::IsMember({"measured", "paper"}))
      ->capture_default_str()
      ->needs(flag);
}

void add_regret(CLI::App& app, Options& options) {
  info::RegretOptions& simulation = options.simulation;
  const auto flag =
      app.add_flag("--regret", options.regret,
                   "What choosing by learned numbers costs against knowing the network, simulated");
  flag->excludes("--explain");
  app.add_option("--schedule", options.schedules,
                 "how the network changes, for --explain and --regret: c1, c2, sine, step, walk or a file");
  app.add_option("--steps", simulation.steps, "of a schedule, one second each in files")
      ->check(number<int>("steps", "a whole number from 1 to 1000000",
                          [](int n) { return n >= 1 && n <= 1000000; }))
      ->capture_default_str();
  app.add_option("--calls", simulation.calls, "in a step")
      ->check(number<int>("calls", "a whole number from 1 to 100000",
                          [](int n) { return n >= 1 && n <= 100000; }))
      ->capture_default_str()
      ->needs(flag);
  const auto deviation = [](const char* name) {
    return number<double>(name, "a number from 0 to 1",
                          [](double value) { return value >= 0 && value <= 1; });
  };
  app.add_option("--noise", simulation.noise, "standard deviation of the logarithm of a time")
      ->check(deviation("noise"))
      ->capture_default_str()
      ->needs(flag);
  app.add_option("--formula-error", simulation.formula_error,
                 "the same of measured / formula of each algorithm")
      ->check(deviation("formula-error"))
      ->capture_default_str()
      ->needs(flag);
  app.add_option("--seed", simulation.seed, "of the noise")->capture_default_str()->needs(flag);
}

void add_decision_time(CLI::App& app, Options& options) {
  const auto flag =
      app.add_flag("--decision-time", options.decision_time,
                   "What deciding takes before a call, for many tensors; the network is simulated");
  flag->excludes("--explain")->excludes("--regret");
  app.add_option("--tensors", options.decisions.tensors, "of 1e3 to 1e8 elements")
      ->check(number<int>("tensors", "a whole number from 1 to 100000",
                          [](int n) { return n >= 1 && n <= 100000; }))
      ->capture_default_str()
      ->needs(flag);
}

int print_decision_time(const Options& options) {
  const info::DecisionTimes times = info::decision_times(options.decisions);
  std::cout << (options.json ? info::decisions_json(options.decisions, times)
                             : info::decisions_text(options.decisions, times));
  return 0;
}

/// One section gives its value alone, several give an object.
info::Json collected_json(const std::vector<const info::Section*>& wanted,
                          const std::vector<info::Json>& values) {
  if (wanted.size() == 1) return values.front();
  info::Json object;
  for (std::size_t i = 0; i < wanted.size(); ++i) object[wanted[i]->name] = values[i];
  return object;
}

int print_sections(const Options& options) {
  std::vector<const info::Section*> wanted;
  for (std::size_t i = 0; i < options.wanted.size(); ++i)
    if (options.wanted[i]) wanted.push_back(&info::sections()[i]);
  if (wanted.empty())
    for (const info::Section& section : info::sections()) wanted.push_back(&section);

  std::vector<info::Json> values;
  for (const info::Section* section : wanted) values.push_back(section->collect());
  if (options.json) std::cout << collected_json(wanted, values).dump(2) << "\n";
  int status = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (!options.json) std::cout << (i == 0 ? "" : "\n") << wanted[i]->text(values[i]);
    if (info::holds_refused_setting(values[i])) status = apps::kRefusedStatus;
  }
  return status;
}

int print_explanation(const Options& options) {
  if (!options.schedules.empty()) {
    info::Question question = options.question;
    const std::string& schedule = options.schedules.front();
    if (from_papers(schedule)) question.gbps = 1;
    const auto moments = info::replay(question, schedule, options.simulation.steps);
    std::cout << (options.json ? info::replay_json(question, schedule, moments)
                               : info::replay_text(question, schedule, moments));
    return 0;
  }
  const std::vector<Pliant_Report> candidates = info::explain(options.question);
  std::cout << (options.json ? info::explanation_json(options.question, candidates)
                             : info::explanation_text(options.question, candidates));
  return 0;
}

int print_regret(const Options& options) {
  info::RegretOptions simulation = options.simulation;
  simulation.schedules = options.schedules;
  std::vector<info::RegretRow> rows;
  if (simulation.schedules.empty()) {
    simulation.schedules = {"c1", "c2", "sine", "step", "walk"};
    rows.push_back(info::regret_on_grid(simulation.seed));
  }
  for (info::RegretRow& row : info::regret_on_schedules(simulation)) rows.push_back(std::move(row));
  std::cout << (options.json ? info::regret_json(simulation, rows) : info::regret_text(simulation, rows));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("What Pliant is made of, its settings in force, and what it would choose", "pliant_info");
  for (std::size_t i = 0; i < options.wanted.size(); ++i) {
    const info::Section& section = info::sections()[i];
    app.add_flag_callback(
        std::string("--") + section.name, [&options, i] { options.wanted[i] = true; }, section.help);
  }
  add_explain(app, options);
  add_regret(app, options);
  add_decision_time(app, options);
  app.callback([&] { require_network(options, app); });
  app.add_flag("--json", options.json, "Machine-readable");
  if (const auto status = apps::parse(app, argc, argv)) return *status;
  try {
    if (options.regret) return print_regret(options);
    if (options.decision_time) return print_decision_time(options);
    return options.explain ? print_explanation(options) : print_sections(options);
  } catch (const std::exception& error) {
    std::cerr << "pliant_info: " << error.what() << "\n";
    return apps::kRefusedStatus;
  }
}
