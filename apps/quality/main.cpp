// pliant_quality: what a density of one family of algorithms is worth in another. See docs/policies.md.
#include <dlfcn.h>
#include <torch/torch.h>

#include <array>
#include <cstdio>
#include <exception>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "apps/quality/pairs.hpp"
#include "apps/quality/training.hpp"
#include "apps/support/command_line.hpp"
#include "compress/topk.hpp"

namespace pliant::quality {
namespace {

constexpr const char* kDescription =
    "All ranks of a training on Fashion-MNIST played by one process, with the library's own selection, "
    "error\n"
    "feedback and choice of pairs; counts steps, not time.\n";

struct Options {
  TrainingOptions training;
  std::string dataset = "/usr/share/datasets/fashion-mnist";
  std::string family = "own";
  double density = 0.01;
  double until = 1;  ///< accuracy at which training ends
  double alpha_us = 1000;
  double gbps = 0.1;
  double time_ms = 0;
};

constexpr double kBitsPerByte = 8;

void print_pairs(const Options& options) {
  const Network network{.ranks = options.training.ranks,
                        .alpha_s = options.alpha_us * 1e-6,
                        .beta_s_per_byte = kBitsPerByte / (options.gbps * 1e9)};
  const std::int64_t count = model_elements();
  for (const AllowedPair& pair : allowed_pairs(network, count, options.time_ms * 1e-3)) {
    const nlohmann::ordered_json line{
        {"family", name_of(pair.algorithm->family)},
        {"algorithm", pair.algorithm->name},
        {"density", static_cast<double>(pair.kept) / static_cast<double>(count)},
        {"predicted_ms", pair.predicted_s * 1e3},
        {"chosen", pair.chosen}};
    std::cout << line.dump() << '\n';
  }
}

void train_and_print(const Options& options) {
  const Pair pair{find_family(options.family), kept_count(model_elements(), options.density)};
  constexpr std::array kMarks = {0.80, 0.82, 0.84, 0.85, 0.86};
  nlohmann::ordered_json reached = nlohmann::ordered_json::object();
  Progress last;
  const train::Dataset dataset = train::load_dataset(options.dataset);
  train(options.training, dataset, pair, [&](const Progress& progress) {
    last = progress;
    for (const double mark : kMarks) {
      const std::string key = std::to_string(mark).substr(0, 4);
      if (progress.accuracy >= mark && !reached.contains(key)) reached[key] = progress.step;
    }
    std::cout << nlohmann::ordered_json{{"step", progress.step},
                                        {"accuracy", progress.accuracy},
                                        {"staleness", progress.staleness.whole},
                                        {"sampled_staleness", progress.staleness.sampled}}
                     .dump()
              << std::endl;
    return progress.accuracy < options.until;
  });
  std::cout << nlohmann::ordered_json{{"ranks", options.training.ranks}, {"batch", options.training.batch},
                                      {"seed", options.training.seed},   {"family", options.family},
                                      {"density", options.density},      {"steps", last.step},
                                      {"accuracy", last.accuracy},       {"steps_to", reached}}
                   .dump()
            << std::endl;
}

void declare(CLI::App& app, Options& options) {
  TrainingOptions& training = options.training;
  app.add_option("--ranks", training.ranks, "to play")->check(CLI::Range(1, 4096));
  app.add_option("--batch", training.batch, "images per rank and step")->check(CLI::Range(1, 4096));
  app.add_option("--steps", training.steps, "at most")->check(CLI::Range(1, 1'000'000));
  app.add_option("--eval-every", training.eval_every, "[steps]")->check(CLI::Range(1, 1'000'000));
  app.add_option("--seed", training.seed, "of the initial weights and of the order of the images");
  app.add_option("--until", options.until, "end at that accuracy");
  app.add_option("--dataset", options.dataset, "folder of the four gzipped IDX files");
  app.add_option("--family", options.family,
                 "own (allgather_topk), sum (oktopk), quota, turn (star), heaviest (var) or exact");
  app.add_option("--density", options.density, "fraction of elements kept")->check(CLI::Range(1e-9, 1.0));
  app.add_option(
      "--time-ms", options.time_ms,
      "train nothing: print the pairs that this time for an allreduce allows for, and the one that the "
      "policy budget takes");
  app.add_option("--alpha-us", options.alpha_us, "latency of the network then");
  app.add_option("--gbps", options.gbps, "bandwidth of the network then");
}

/// One thread; which BLAS this process has is decided where it is installed.
void use_one_thread() {
  torch::set_num_threads(1);
  at::set_num_interop_threads(1);
  if (void* symbol = dlsym(RTLD_DEFAULT, "openblas_set_num_threads"))
    reinterpret_cast<void (*)(int)>(symbol)(1);
}

}  // namespace
}  // namespace pliant::quality

int main(int argc, char** argv) {
  using namespace pliant;
  quality::Options options;
  CLI::App app(quality::kDescription, "pliant_quality");
  app.option_defaults()->always_capture_default();
  quality::declare(app, options);
  if (const auto status = apps::parse(app, argc, argv)) return *status;
  try {
    quality::use_one_thread();
    options.time_ms > 0 ? quality::print_pairs(options) : quality::train_and_print(options);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "pliant_quality: " << error.what() << '\n';
    return apps::kRefusedStatus;
  }
}
