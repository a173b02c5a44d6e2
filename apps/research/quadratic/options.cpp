#include "apps/research/quadratic/options.hpp"

#include <cmath>
#include <sstream>

#include "apps/support/command_line.hpp"
#include "core/error.hpp"

namespace pliant::quadratic {
namespace {

constexpr const char* kDescription =
    "EF21 with fixed densities against Kimad and Kimad+ on a convex quadratic, over links whose bandwidth "
    "changes.\n"
    "Time is simulated; messages are real. Alone it plays all roles; mpirun -np M+1 makes rank 0 the server "
    "of M workers.\n";

constexpr const char* kOutput =
    "Every mode is tried with every density and every step. A fixed mode sends that density in each message; "
    "an adaptive\n"
    "one gets the round time in which it would send it at mean bandwidth.\n"
    "--json: the last line on stdout is one JSON object; seconds are simulated. Status 1: a mode never "
    "reached the target.\n";

/// Numbers from `first` down to `last`, four per octave, so that neighbours differ by about a fifth.
std::vector<double> quarter_octaves(double first, double last) {
  constexpr double kAlmost = 0.99;
  std::vector<double> values;
  for (int i = 0; first * std::exp2(-0.25 * i) > last * kAlmost; ++i)
    values.push_back(first * std::exp2(-0.25 * i));
  return values;
}

/// A check of one number or of each in a list.
auto number(const char* name, const char* rule, bool (*accepts)(double)) {
  return [=](const std::string& text) {
    double value = 0;
    if (CLI::detail::lexical_cast(text, value) && std::isfinite(value) && accepts(value))
      return std::string();
    return std::string(name) + " = " + text + " (must be " + rule + "). Correct it";
  };
}

constexpr auto positive = [](double value) { return value > 0; };
constexpr auto not_negative = [](double value) { return value >= 0; };
constexpr auto fraction = [](double value) { return value > 0 && value <= 1; };
constexpr auto at_least_one = [](double value) { return value >= 1; };

auto whole(const char* name, double most) {
  return [=](const std::string& text) {
    double value = 0;
    if (CLI::detail::lexical_cast(text, value) && value >= 1 && value <= most && value == std::floor(value))
      return std::string();
    std::ostringstream told;
    told << name << " = " << text << " (must be a whole number in [1, " << most << "]). Correct it";
    return told.str();
  };
}

void declare_problem(CLI::App& app, ProblemOptions& problem) {
  app.add_option("--workers", problem.workers, "M; under mpirun the ranks but one")
      ->check(whole("--workers", 1000));
  app.add_option("--dimension", problem.dimension, "elements of the model")->check(whole("--dimension", 1e8));
  app.add_option("--layers", problem.layers, "layers, each compressed on its own")
      ->check(whole("--layers", 1e4));
  app.add_option("--condition", problem.condition, "largest / smallest curvature inside a layer")
      ->check(number("--condition", "a number >= 1", at_least_one));
  app.add_option("--layer-skew", problem.layer_skew, "curvature of the first layer / of the last")
      ->check(number("--layer-skew", "a number > 0", positive));
  app.add_option("--length-skew", problem.length_skew, "length of the last layer / of the first")
      ->check(number("--length-skew", "a number > 0", positive));
  app.add_option("--heterogeneity", problem.heterogeneity, "how far the workers' optima lie apart")
      ->check(number("--heterogeneity", "a number >= 0", not_negative));
  app.add_option("--seed", problem.seed, "of the problem, and of the links' noise");
}

void declare_links(CLI::App& app, Options& options) {
  BandwidthOptions& bandwidth = options.bandwidth;
  std::string shapes;
  for (const BandwidthShape* shape : bandwidth_shapes())
    shapes.append(shape->name).append(" = ").append(shape->summary).append("; ");
  app.add_option("--bandwidth", bandwidth.shape,
                 shapes + "or a file of lines: time [s], bandwidth [byte/s] from then on");
  app.add_option("--eta", bandwidth.eta, "what oscillates [byte/s]")
      ->check(number("--eta", "a number >= 0, in byte/s", not_negative));
  app.add_option("--delta", bandwidth.delta, "what is always there [byte/s]")
      ->check(number("--delta", "a number > 0, in byte/s", positive));
  app.add_option("--theta", bandwidth.theta, "of sin^2(theta t) [rad/s]; the period is pi / theta")
      ->check(number("--theta", "a number > 0, in rad/s", positive));
  app.add_option("--noise", bandwidth.noise, "standard deviation / mean bandwidth, new in each slot and link")
      ->check(number("--noise", "a number >= 0", not_negative));
  app.add_option("--spread", bandwidth.spread, "0: links oscillate together; 1: phases spread over a period")
      ->check(number("--spread", "in [0, 1]", [](double value) { return value >= 0 && value <= 1; }));
  app.add_option("--slot", bandwidth.slot_s, "bandwidth is constant for so long [s]")
      ->check(number("--slot", "a number > 0, in seconds", positive));
  app.add_option("--known", options.known, "bandwidth a sender knows: now, or that of its last message")
      ->check(CLI::IsMember({"now", "last"}));
  app.add_option("--latency", options.latency_s, "of a message [s]")
      ->check(number("--latency", "a number >= 0, in seconds", not_negative));
  app.add_option("--compute", options.compute_s, "a worker's gradient takes so long [s]")
      ->check(number("--compute", "a number >= 0, in seconds", not_negative));
}

void declare_study(CLI::App& app, Options& options, std::vector<std::string>& modes) {
  app.add_option("--modes", modes, "which to compare")->delimiter(',');
  app.add_option("--densities", options.grid.densities, "fractions of the elements kept (the papers' ratios)")
      ->delimiter(',')
      ->check(number("--densities", "in (0, 1], for example 0.1", fraction));
  app.add_option("--steps", options.grid.steps, "step sizes, times 1 / L")
      ->delimiter(',')
      ->check(number("--steps", "a number > 0", positive));
  app.add_option("--least-density", options.least_density, "contraction floor: no layer ever sends less")
      ->check(number("--least-density", "in (0, 1]", fraction));
  app.add_option("--target", options.target, "error at which a trial ends, of the error at the start")
      ->check(number("--target", "in (0, 1)", [](double value) { return value > 0 && value < 1; }));
  app.add_option("--max-rounds", options.most_rounds, "a trial ends after so many")
      ->check(whole("--max-rounds", 1e8));
  app.add_option("--max-seconds", options.most_s, "a trial ends after so long, simulated [s]")
      ->check(number("--max-seconds", "a number > 0", positive));
  app.add_option("--csv", options.csv, "file for one row a round of each mode's quickest trial");
  app.add_flag("--json", options.json, "the last line on stdout is one JSON object");
}

void check_together(const Options& options, int ranks) {
  const ProblemOptions& problem = options.problem;
  if (ranks > 1 && problem.workers != ranks - 1)
    throw CLI::ValidationError("--workers = " + std::to_string(problem.workers) + " on " +
                               std::to_string(ranks) +
                               " ranks (rank 0 is the server, each other rank one worker). Start " +
                               std::to_string(problem.workers + 1) + " ranks, or one that plays all roles");
  if (problem.layers > problem.dimension)
    throw CLI::ValidationError("--layers = " + std::to_string(problem.layers) +
                               " (must be at most --dimension). Correct it");
}

}  // namespace

std::optional<int> parse_options(int argc, const char* const* argv, int ranks, bool speak, Options& options) {
  options.grid.densities = quarter_octaves(1, 1.0 / 32);
  options.grid.steps = quarter_octaves(1.8, 1.8 / 32);
  if (ranks > 1) options.problem.workers = ranks - 1;
  std::vector<std::string> modes;
  for (const Mode* mode : quadratic::modes()) modes.emplace_back(mode->name);

  CLI::App app(kDescription, "pliant_quadratic");
  app.option_defaults()->always_capture_default();
  app.footer(kOutput);
  declare_problem(app, options.problem);
  declare_links(app, options);
  declare_study(app, options, modes);
  app.callback([&] {
    check_together(options, ranks);
    try {
      for (const std::string& mode : modes) options.grid.modes.push_back(&find_mode(mode));
    } catch (const Error& error) {
      throw CLI::ValidationError(error.what());
    }
  });
  if (const auto status = apps::parse(app, argc, argv, speak)) return status;
  options.bandwidth.links = options.problem.workers + 1;
  options.bandwidth.seed = options.problem.seed;
  return std::nullopt;
}

}  // namespace pliant::quadratic
