#include "apps/train/options.hpp"

#include <CLI/CLI.hpp>
#include <sstream>

#include "apps/support/command_line.hpp"
#include "apps/train/model.hpp"
#include "apps/train/world.hpp"

namespace pliant::train {
namespace {

constexpr const char* kDescription =
    "Data-parallel training on Fashion-MNIST: SGD with momentum, gradients summed through Pliant.\n"
    "Start it with mpirun; each rank computes on its own share of the images.\n";

constexpr const char* kOutput =
    "The last line on stdout is one JSON object. Times in it are means over the ranks:\n"
    "  seconds          training, without start-up and without evaluation; the sum of the next two\n"
    "  compute_s        forward, backward and update: outside Pliant's calls\n"
    "  communication_s  between Pliant_Start and the return of Pliant_Wait; waiting for slower ranks "
    "and --probe-every's measuring included\n"
    "  mean_compute_ms  the slowest rank's computing, mean over steps; what the policy budget subtracts\n"
    "  wire_bytes       bytes sent by all ranks together\n"
    "  clock_s          from the first step to the last evaluation, by the clock, all included\n"
    "  algorithms       share of the steps done by each algorithm\n"
    "  complete         false: --max-seconds ended the training before its last step\n"
    "A setting in the environment (PLIANT_MODE, PLIANT_DENSITY, ...) beats its option here.\n";

void declare_training(CLI::App& app, Options& options) {
  app.add_option("--model", options.model, "network to train: " + model_help());
  app.add_option("--epochs", options.epochs, "passes over the 60,000 training images");
  app.add_option("--max-steps", options.max_steps, "stop after that many steps; 0: no limit");
  app.add_option("--max-seconds", options.max_seconds,
                 "after that time, evaluations included, stop and evaluate once more [s]; 0: no limit");
  app.add_option("--batch", options.batch, "images per rank and step");
  app.add_option("--learning-rate", options.learning_rate, "step width of SGD");
  app.add_option("--learning-rate-decay", options.learning_rate_decay,
                 "its factor from epoch to epoch, in (0, 1]");
  app.add_option("--device", options.device,
                 "where the model is: host, or cuda (a GPU: device rank on the host modulo devices)");
  app.add_option("--momentum", options.momentum, "share of the last update that is kept, in [0, 1)");
  app.add_option("--seed", options.seed, "of the initial weights and of the order of the images");
}

void declare_communication(CLI::App& app, Options& options) {
  app.add_option("--mode", options.mode, "exact, or topk to send the largest elements only");
  app.add_option("--policy", options.policy, "who sets the density of topk: fixed, budget, pareto, goodput");
  app.add_option("--density", options.density, "fraction of elements kept, for the policy fixed");
  app.add_option("--time-budget-ms", options.time_budget_ms,
                 "time for one step, computing included, for the policy budget [ms]");
  app.add_option("--algorithm", options.algorithm, "auto, a name, a list, or ^name");
  app.add_option("--probe-every", options.probe_every,
                 "measure the network anew every so many steps; 0: once");
  app.add_option("--error-feedback", options.error_feedback, "ef14 or none");
}

void declare_files(CLI::App& app, Options& options) {
  app.add_option("--dataset", options.dataset, "folder of the four gzipped IDX files");
  app.add_option("--eval-every", options.eval_every, "also evaluate every so many steps; 0: only per epoch");
  app.add_option("--history", options.history, "file for one JSON object per evaluation");
  app.add_option("--trace", options.trace, "HDF5 file for one row per allreduce");
}

/// Throws for an option's value that cannot be used. Pliant checks its own settings.
template <class Value>
void require(bool holds, const char* option, const Value& value, const std::string& rule,
             const char* action) {
  if (holds) return;
  std::ostringstream text;
  text << option << " = " << value;
  throw CLI::ValidationError(refusal_text(text.str(), rule, action));
}

void check_values(const Options& o) {
  require(find_model(o.model) != nullptr, "--model", o.model, "must be one of " + model_help(), "Choose one");
  require(o.device == "host" || o.device == "cuda", "--device", o.device, "must be host or cuda",
          "Choose one");
  require(o.epochs >= 1, "--epochs", o.epochs, "must be at least 1",
          "Use --max-steps for less than one epoch");
  require(o.max_steps >= 0, "--max-steps", o.max_steps, "must be at least 0", "Pass 0 for no limit");
  require(o.max_seconds >= 0, "--max-seconds", o.max_seconds, "must be >= 0", "Pass 0 for no limit");
  require(o.probe_every >= 0, "--probe-every", o.probe_every, "must be at least 0", "Pass 0 for once");
  require(o.batch >= 1, "--batch", o.batch, "must be at least 1",
          "Pass images per rank and step, such as 32");
  require(o.eval_every >= 0, "--eval-every", o.eval_every, "must be at least 0", "Pass 0 for once per epoch");
  require(o.learning_rate > 0, "--learning-rate", o.learning_rate, "must be > 0", "Pass for example 0.05");
  require(o.learning_rate_decay > 0 && o.learning_rate_decay <= 1, "--learning-rate-decay",
          o.learning_rate_decay, "must lie in (0, 1]", "Pass 1 for a constant learning rate");
  require(o.momentum >= 0 && o.momentum < 1, "--momentum", o.momentum, "must lie in [0, 1)",
          "Pass for example 0.9; 0 is plain SGD");
  require(o.time_budget_ms >= 0, "--time-budget-ms", o.time_budget_ms, "must be >= 0",
          "Pass the milliseconds one step may take");
}

}  // namespace

std::optional<int> parse_options(int argc, const char* const* argv, int rank, Options& options) {
  CLI::App app(kDescription, "pliant_train");
  app.option_defaults()->always_capture_default();
  app.footer(kOutput);
  declare_training(app, options);
  declare_communication(app, options);
  declare_files(app, options);
  app.callback([&] { check_values(options); });
  return apps::parse(app, argc, argv, rank == 0);
}

}  // namespace pliant::train
