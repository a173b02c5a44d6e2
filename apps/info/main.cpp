// pliant_info: what the library is made of, what it would do, and why. Needs no MPI launcher.
#include <cmath>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "apps/info/explain.hpp"
#include "apps/info/sections.hpp"
#include "apps/support/check.hpp"
#include "apps/support/command_line.hpp"

namespace {

using namespace pliant;

struct Options {
  std::vector<bool> wanted = std::vector<bool>(info::sections().size());  ///< [section]
  bool explain = false;
  bool json = false;
  info::Question question;
};

/// A check that `accepts` the number in an option's text, or says `rule`.
template <class Number>
auto number(const char* name, const char* rule, bool (*accepts)(Number)) {
  return [=](const std::string& text) {
    Number value{};
    if (CLI::detail::lexical_cast(text, value) && accepts(value)) return std::string();
    return std::string(name) + " = " + text + " (must be " + rule + "). Correct it";
  };
}

void add_explain(CLI::App& app, Options& options) {
  info::Question& question = options.question;
  const auto flag = app.add_flag("--explain", options.explain,
                                 "Predicted cost of every algorithm on a network described by:");
  const std::vector<CLI::Option*> required = {
      app.add_option("--ranks", question.ranks, "ranks")
          ->check(number<int>("ranks", "a whole number >= 1", [](int ranks) { return ranks >= 1; })),
      app.add_option("--alpha-us", question.alpha_us, "latency of a message [us]")
          ->check(number<double>("alpha", "a number >= 0, in microseconds",
                                 [](double alpha) { return alpha >= 0 && std::isfinite(alpha); })),
      app.add_option("--gbps", question.gbps, "bandwidth of a link [Gbit/s]")
          ->check(number<double>("bandwidth", "a number > 0, in Gbit/s",
                                 [](double gbps) { return gbps > 0 && std::isfinite(gbps); })),
      app.add_option("--count", question.count, "float elements per rank")
          ->check(number<std::int64_t>("count", "a whole number >= 1",
                                       [](std::int64_t count) { return count >= 1; }))};
  for (CLI::Option* option : required) {
    flag->needs(option);
    option->needs(flag);
  }
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

/// One section: its value alone. Several: an object of them.
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
  const std::vector<Pliant_Report> candidates = info::explain(options.question);
  std::cout << (options.json ? info::explanation_json(options.question, candidates)
                             : info::explanation_text(options.question, candidates));
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
  app.add_flag("--json", options.json, "Machine-readable");
  if (const auto status = apps::parse(app, argc, argv)) return *status;
  try {
    return options.explain ? print_explanation(options) : print_sections(options);
  } catch (const std::exception& error) {
    std::cerr << "pliant_info: " << error.what() << "\n";
    return apps::kRefusedStatus;
  }
}
