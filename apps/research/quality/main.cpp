// pliant_quality: finds by training which densities of two selection rules are equivalent. See
// docs/guide/choosing_a_policy.md.
#include <dlfcn.h>
#include <torch/torch.h>

#include <array>
#include <cstdio>
#include <exception>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "apps/research/quality/options.hpp"
#include "apps/research/quality/pairs.hpp"
#include "apps/support/command_line.hpp"
#include "compress/topk.hpp"

namespace pliant::quality {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kBitsPerByte = 8;

Network network_of(const Options& options) {
  return {.ranks = options.training.ranks,
          .alpha_s = options.alpha_us * 1e-6,
          .beta_s_per_byte = kBitsPerByte / (options.gbps * 1e9)};
}

double density_of(std::int64_t kept) {
  return static_cast<double>(kept) / static_cast<double>(model_elements());
}

void print(const Json& line) {
  std::cout << line.dump() << std::endl;
}

void print_pairs(const Options& options) {
  for (const AllowedPair& pair : allowed_pairs(network_of(options), model_elements(), options.time_ms * 1e-3))
    print({{"family", name_of(pair.algorithm->rule)},
           {"algorithm", pair.algorithm->name},
           {"density", density_of(pair.kept)},
           {"predicted_ms", pair.predicted_s * 1e3},
           {"chosen", pair.chosen}});
}

Json line_of(const Progress& progress) {
  return {{"step", progress.step}, {"accuracy", progress.accuracy}, {"staleness", progress.staleness}};
}

/// Prints one line per evaluation. Returns the result's line, still without a description of the run.
Json train_and_print(const Options& options, Pair pair) {
  constexpr std::array kMarks = {0.80, 0.82, 0.84, 0.85, 0.86};
  Json reached = Json::object();
  Progress last;
  const train::Dataset dataset = train::load_dataset(options.dataset);
  train(options.training, dataset, pair, [&](const Progress& progress) {
    last = progress;
    for (const double mark : kMarks) {
      const std::string key = std::to_string(mark).substr(0, 4);
      if (progress.accuracy >= mark && !reached.contains(key)) reached[key] = progress.step;
    }
    print(line_of(progress));
    return progress.accuracy < options.until;
  });
  return {{"steps", last.step}, {"accuracy", last.accuracy}, {"steps_to", reached}};
}

Json setup_of(const TrainingOptions& training) {
  return {{"ranks", training.ranks}, {"batch", training.batch}, {"seed", training.seed}};
}

void train_pair(const Options& options) {
  const Pair pair{find_rule(options.rule), kept_count(model_elements(), options.density)};
  const Json result = train_and_print(options, pair);
  Json line = setup_of(options.training);
  line["family"] = options.rule;
  line["density"] = options.density;
  line.update(result);
  print(line);
}

/// Uses one thread. The BLAS of this process depends on the installation.
void use_one_thread() {
  torch::set_num_threads(1);
  at::set_num_interop_threads(1);
  if (void* symbol = dlsym(RTLD_DEFAULT, "openblas_set_num_threads"))
    reinterpret_cast<void (*)(int)>(symbol)(1);
}

void run(const Options& options) {
  use_one_thread();
  if (options.time_ms > 0) return print_pairs(options);
  train_pair(options);
}

}  // namespace
}  // namespace pliant::quality

int main(int argc, char** argv) {
  using namespace pliant;
  quality::Options options;
  if (const auto status = quality::parse_options(argc, argv, options)) return *status;
  try {
    quality::run(options);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "pliant_quality: " << error.what() << '\n';
    return apps::kRefusedStatus;
  }
}
