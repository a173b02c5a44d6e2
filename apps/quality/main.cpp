// pliant_quality: what a density of one family of algorithms is worth in another. See docs/policies.md.
#include <dlfcn.h>
#include <torch/torch.h>

#include <array>
#include <cstdio>
#include <exception>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "apps/quality/live.hpp"
#include "apps/quality/options.hpp"
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
    print({{"family", name_of(pair.algorithm->family)},
           {"algorithm", pair.algorithm->name},
           {"density", density_of(pair.kept)},
           {"predicted_ms", pair.predicted_s * 1e3},
           {"chosen", pair.chosen}});
}

Json line_of(const Progress& progress) {
  return {{"step", progress.step},
          {"accuracy", progress.accuracy},
          {"staleness", progress.staleness.whole},
          {"sampled_staleness", progress.staleness.sampled}};
}

/// Prints a line an evaluation, with what `extra` adds to it; returns the result's, still without what was
/// run.
Json train_and_print(const Options& options, const Guide& guide, const std::function<void(Json&)>& extra) {
  constexpr std::array kMarks = {0.80, 0.82, 0.84, 0.85, 0.86};
  Json reached = Json::object();
  Progress last;
  const train::Dataset dataset = train::load_dataset(options.dataset);
  train(options.training, dataset, guide, [&](const Progress& progress) {
    last = progress;
    for (const double mark : kMarks) {
      const std::string key = std::to_string(mark).substr(0, 4);
      if (progress.accuracy >= mark && !reached.contains(key)) reached[key] = progress.step;
    }
    Json line = line_of(progress);
    extra(line);
    print(line);
    return progress.accuracy < options.until;
  });
  return {{"steps", last.step}, {"accuracy", last.accuracy}, {"steps_to", reached}};
}

Json setup_of(const TrainingOptions& training) {
  return {{"ranks", training.ranks}, {"batch", training.batch}, {"seed", training.seed}};
}

void train_pair(const Options& options) {
  const Pair pair{*find_family(options.family), kept_count(model_elements(), options.density)};
  const Guide guide{.next = [&] { return StepPlan{pair}; }, .ended = [](double) {}};
  const Json result = train_and_print(options, guide, [](Json&) {});
  Json line = setup_of(options.training);
  line["family"] = options.family;
  line["density"] = options.density;
  line.update(result);
  print(line);
}

template <class Values>
Json by_family(const Values& values, double factor) {
  Json object = Json::object();
  for (std::size_t i = 0; i < values.size(); ++i)
    object[name_of(static_cast<Family>(i))] = factor * static_cast<double>(values[i]);
  return object;
}

Json pair_of(const Live& live) {
  return {{"family", name_of(live.last().family)},
          {"algorithm", live.algorithm().name},
          {"density", density_of(live.last().kept)},
          {"predicted_ms", live.last().predicted_s * 1e3}};
}

void train_live(const Options& options) {
  Live live({.network = network_of(options),
             .time_s = options.time_ms * 1e-3,
             .factors = options.factors,
             .calibrates = !options.no_calibration},
            model_elements());
  const Guide guide{.next = [&] { return live.next(); }, .ended = [&](double s) { live.end(s); }};
  const Json result = train_and_print(options, guide, [&](Json& line) { line.update(pair_of(live)); });
  Json trials = Json::array();
  for (const Trial& trial : live.trials())
    trials.push_back({{"family", name_of(trial.family)}, {"first", trial.first}, {"steps", trial.steps}});
  Json line = setup_of(options.training);
  line["time_ms"] = options.time_ms;
  line["calibrates"] = !options.no_calibration;
  line.update(result);
  line["samples"] = live.samples();
  line["trials"] = trials;
  line["prices"] = by_family(live.prices(), 1);
  line["shares"] = by_family(live.steps(), 1.0 / result["steps"].get<double>());
  line["last"] = pair_of(live);
  print(line);
}

/// One thread; which BLAS this process has is decided where it is installed.
void use_one_thread() {
  torch::set_num_threads(1);
  at::set_num_interop_threads(1);
  if (void* symbol = dlsym(RTLD_DEFAULT, "openblas_set_num_threads"))
    reinterpret_cast<void (*)(int)>(symbol)(1);
}

void run(const Options& options) {
  use_one_thread();
  if (options.live) return train_live(options);
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
