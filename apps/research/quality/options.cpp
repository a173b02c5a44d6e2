#include "apps/research/quality/options.hpp"

#include <cmath>
#include <sstream>

#include "apps/research/quality/pairs.hpp"
#include "apps/support/command_line.hpp"
#include "core/error.hpp"

namespace pliant::quality {
namespace {

constexpr const char* kDescription =
    "All ranks of a training on Fashion-MNIST played by one process, with the library's own selection, "
    "error\n"
    "feedback and choice of pairs; counts steps, not time.\n";

constexpr const char* kOutput =
    "Every evaluation is a line of JSON, and so is the end. With --time-ms alone nothing is trained: a line "
    "for each pair\n"
    "that this time allows for, of which the one that the policy budget takes is \"chosen\".\n";

/// Throws for an option's value that cannot be used.
template <class Value>
void require(bool holds, const char* option, const Value& value, const char* rule, const char* action) {
  if (holds) return;
  std::ostringstream text;
  text << option << " = " << value;
  throw CLI::ValidationError(Error(ErrorClass::argument, text.str(), rule, action).what());
}

void check_whole(const char* option, int value, int most) {
  const std::string rule = "must lie in [1, " + std::to_string(most) + "]";
  require(value >= 1 && value <= most, option, value, rule.c_str(), "Correct it");
}

void check_positive(const char* option, double value) {
  require(value > 0 && std::isfinite(value), option, value, "must be > 0", "Correct it");
}

void check_values(Options& o) {
  const TrainingOptions& training = o.training;
  check_whole("--ranks", training.ranks, 4096);
  check_whole("--batch", training.batch, 4096);
  check_whole("--steps", training.steps, 1'000'000);
  check_whole("--eval-every", training.eval_every, 1'000'000);
  require(o.density > 0 && o.density <= 1, "--density", o.density, "must lie in (0, 1]", "Pass k / count");
  check_positive("--alpha-us", o.alpha_us);
  check_positive("--gbps", o.gbps);
  if (o.time_ms != 0) check_positive("--time-ms", o.time_ms);
  require(o.rule == kNoRule || find_rule(o.rule), "--family", o.rule,
          ("must be one of " + rule_names()).c_str(), "Correct it");
}

void declare(CLI::App& app, Options& options) {
  TrainingOptions& training = options.training;
  app.add_option("--ranks", training.ranks, "to play");
  app.add_option("--batch", training.batch, "images per rank and step");
  app.add_option("--steps", training.steps, "at most");
  app.add_option("--eval-every", training.eval_every, "[steps]");
  app.add_option("--seed", training.seed, "of the initial weights and of the order of the images");
  app.add_option("--until", options.until, "end at that accuracy");
  app.add_option("--dataset", options.dataset, "folder of the four gzipped IDX files");
  app.add_option("--family", options.rule,
                 "own (allgather_topk), sum (oktopk), quota, turn (star), heaviest (var) or exact");
  app.add_option("--density", options.density, "fraction of elements kept");
  app.add_option("--time-ms", options.time_ms, "for an allreduce");
  app.add_option("--alpha-us", options.alpha_us, "latency of the network then");
  app.add_option("--gbps", options.gbps, "bandwidth of the network then");
}

}  // namespace

std::optional<int> parse_options(int argc, const char* const* argv, Options& options) {
  CLI::App app(kDescription, "pliant_quality");
  app.option_defaults()->always_capture_default();
  app.footer(kOutput);
  declare(app, options);
  app.callback([&] { check_values(options); });
  return apps::parse(app, argc, argv);
}

}  // namespace pliant::quality
