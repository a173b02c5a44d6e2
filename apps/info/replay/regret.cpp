#include "apps/info/replay/regret.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "apps/info/replay/trace.hpp"
#include "core/stats.hpp"
#include "planner/learning/learner.hpp"

namespace pliant::info {
namespace {

/// A core of 2020: adds 10 GB/s, selects an element in 1 ns, encodes an index in a few ns.
constexpr ComputeModel kCompute = {.gamma_s_per_byte = 0.1e-9,
                                   .select_s_per_element = 1e-9,
                                   .apply_s_per_element = 0.1e-9,
                                   .pair_s_per_element = 2e-9,
                                   .drain_s_per_element = 0.5e-9,
                                   .codec_s_per_index = {1e-9, 4e-9, 10e-9}};
constexpr double kProbeError = 0.05;  // of what was measured at first

CostModel model_of(const LinkModel& link) {
  CostModel model{.link = link, .compute = kCompute};
  model.link.gap_s = std::min(2e-6, link.alpha_s);
  return model;
}

AllreduceShape shape_for(int ranks, std::int64_t count, double density) {
  const auto kept = std::max<std::int64_t>(1, std::llround(density * static_cast<double>(count)));
  return {{.ranks = ranks}, {.count = count}, {.kept = kept, .index_codec = nullptr}};
}

bool is_lossy(const AllreduceShape& shape) {
  return shape.kept < shape.count;
}

constexpr std::size_t kMostCounts = 3;

/// A simulated program: the counts it reduces in turn, and its ranks.
struct Program {
  int ranks;
  std::vector<std::int64_t> counts;  ///< at most kMostCounts
  double density;
};

class Simulation {
 public:
  Simulation(const Program& program, std::vector<LinkModel> trace, const RegretOptions& options,
             std::uint64_t seed)
      : program_(program), trace_(std::move(trace)), options_(options), random_(seed) {
    for (double& factor : really_) factor = std::exp(options.formula_error * normal());
  }

  void run(Knowledge knowledge, std::vector<double>& regrets, RegretRow& row) {
    LinkModel measured = trace_.front();
    measured.alpha_s *= std::exp(kProbeError * normal());
    measured.beta_s_per_byte *= std::exp(kProbeError * normal());
    learner_ = Learner(model_of(measured), 2 * kProbeError);
    double best_s = 0, taken_s = 0, messages_s = 0;
    std::size_t number = 0;
    for (const LinkModel& link : trace_) {
      truths_ = {};
      for (int call = 0; call < options_.calls; ++call, ++number) {
        if (knowledge == Knowledge::learned) messages_s += ask(link);
        const auto [own_s, least_s] = call_once(number % program_.counts.size(), link, knowledge, row);
        regrets.push_back(own_s / least_s - 1);
        best_s += least_s;
        taken_s += own_s;
      }
    }
    row.total += (taken_s + messages_s) / best_s - 1;
    row.messages += messages_s / best_s;
  }

 private:
  double normal() { return std::normal_distribution<double>()(random_); }
  double noise() { return std::exp(options_.noise * normal()); }

  /// [s] true time of an algorithm, without noise.
  double really_s(const Candidate& candidate) const {
    const auto place =
        std::find(kAlgorithms.begin(), kAlgorithms.end(), candidate.algorithm) - kAlgorithms.begin();
    return candidate.predicted_s * really_[static_cast<std::size_t>(place)];
  }

  struct Times {
    double own_s, least_s;
  };

  /// True times of all algorithms on the link of a step, without noise; kept until the next step.
  const CandidateList& truth_of(std::size_t which, const AllreduceShape& shape, const LinkModel& link) {
    CandidateList& truth = truths_[which];
    if (truth.used > 0) return truth;
    truth = rank_described(shape, is_lossy(shape), model_of(link));
    for (Candidate& candidate : std::span(truth.items).first(truth.used))
      candidate.predicted_s = really_s(candidate);
    return truth;
  }

  /// Predicted times. Kept until the learner's model changes, as in the library.
  const CandidateList& list_of(std::size_t which, const AllreduceShape& shape, bool learns) {
    CandidateList& list = lists_[which];
    if (list.used == 0)
      list = rank_described(shape, is_lossy(shape), learner_.model(),
                            learns ? &learner_.corrections() : nullptr);
    return list;
  }

  Times call_once(std::size_t which, const LinkModel& link, Knowledge knowledge, RegretRow& row) {
    const bool learns = knowledge == Knowledge::learned;
    const AllreduceShape shape = shape_for(program_.ranks, program_.counts[which], program_.density);
    const CandidateList& list = list_of(which, shape, learns);
    const Choice choice = learns ? learner_.choose(list.all(), shape) : Choice{};
    row.exploring += choice.why == Why::explores || choice.why == Why::tries ? 1 : 0;
    const AllreduceAlgorithm* own = list.items[choice.index].algorithm;
    Times times{0, std::numeric_limits<double>::infinity()};
    for (const Candidate& candidate : truth_of(which, shape, link).all()) {
      times.least_s = std::min(times.least_s, candidate.predicted_s);
      if (candidate.algorithm == own) times.own_s = candidate.predicted_s;
    }
    if (!learns) return times;
    const LearningResult result = learner_.learn(*own, shape, times.own_s * noise());
    row.changes += result.change ? 1 : 0;
    if (result.changed) lists_ = {};
    return times;
  }

  /// Sends the messages that only serve to learn; returns their time [s].
  double ask(const LinkModel& link) {
    double total_s = 0;
    while (const auto bytes = learner_.wanted_message(program_.ranks)) {
      const double one_way_s = (link.alpha_s + static_cast<double>(*bytes) * link.beta_s_per_byte) * noise();
      if (learner_.learn_message(*bytes, program_.ranks, one_way_s).changed) lists_ = {};
      total_s += 2 * one_way_s + 2 * std::ceil(std::log2(program_.ranks)) * link.alpha_s;
    }
    return total_s;
  }

  Program program_;
  std::vector<LinkModel> trace_;
  const RegretOptions& options_;
  std::mt19937_64 random_;
  std::array<double, kAlgorithms.size()> really_{};
  std::array<CandidateList, kMostCounts> truths_{}, lists_{};  ///< [count of the program]
  Learner learner_{model_of({.alpha_s = 1, .beta_s_per_byte = 1})};
};

std::vector<Program> programs() {
  std::vector<Program> all;
  for (const int ranks : {2, 8, 64, 1024})
    for (const double density : {1e-4, 1e-2, 1.0})
      for (const std::int64_t count :
           {std::int64_t{10'000}, std::int64_t{1'000'000}, std::int64_t{100'000'000}}) {
        all.push_back({ranks, {count}, density});
        if (count > 10'000) all.push_back({ranks, {count, count / 10, count / 100}, density});
      }
  return all;
}

/// First links of sine, step and walk.
constexpr std::array kBases = {LinkModel{.alpha_s = 10e-6, .beta_s_per_byte = 8e-11},
                               LinkModel{.alpha_s = 1e-3, .beta_s_per_byte = 8e-9},
                               LinkModel{.alpha_s = 50e-3, .beta_s_per_byte = 8e-7}};

void finish(RegretRow& row, const std::vector<double>& regrets, int runs) {
  row.calls = static_cast<std::int64_t>(regrets.size());
  row.median = median(regrets);
  row.p95 = quantile(regrets, 0.95);
  row.mean = std::accumulate(regrets.begin(), regrets.end(), 0.0) / static_cast<double>(regrets.size());
  row.total /= runs;
  row.messages /= runs;
  row.exploring *= 1000.0 / static_cast<double>(regrets.size());
  row.changes *= 1000.0 / static_cast<double>(regrets.size());
}

RegretRow row_of(const std::string& schedule, Knowledge knowledge, const RegretOptions& options) {
  RegretRow row{.schedule = schedule, .knowledge = knowledge};
  std::vector<double> regrets;
  int runs = 0;
  const bool from_papers = schedule == "c1" || schedule == "c2";
  for (const LinkModel& base : kBases) {
    if (from_papers && &base != kBases.data()) continue;
    for (const Program& program : programs()) {
      const std::uint64_t seed = options.seed * 1'000'003 + static_cast<std::uint64_t>(runs++);
      const auto trace = trace_of({.schedule = schedule, .base = base, .steps = options.steps, .seed = seed});
      Simulation(program, trace, options, seed).run(knowledge, regrets, row);
    }
  }
  finish(row, regrets, runs);
  return row;
}

/// Every link of the grid, in random order.
std::vector<LinkModel> grid_links(std::mt19937_64& random) {
  std::vector<LinkModel> links;
  for (const double alpha_s : {10e-6, 50e-6, 200e-6, 1e-3, 5e-3, 50e-3})
    for (const double gbit_per_s : {0.01, 0.1, 1.0, 10.0, 100.0})
      links.push_back({.alpha_s = alpha_s, .beta_s_per_byte = kBitsPerByte / (gbit_per_s * 1e9)});
  std::shuffle(links.begin(), links.end(), random);
  return links;
}

}  // namespace

RegretRow regret_on_grid(std::uint64_t seed) {
  RegretRow row{.schedule = "grid", .knowledge = Knowledge::exact};
  std::vector<double> regrets;
  std::mt19937_64 random(seed);
  int runs = 0;
  for (const int ranks : {2, 3, 8, 16, 100, 1024})
    for (const double count : {1e4, 1e5, 1e6, 1e7, 1e8, 1e9})
      for (const double density : {1e-4, 1e-3, 1e-2, 1e-1, 1.0}) {
        const AllreduceShape shape = shape_for(ranks, std::llround(count), density);
        CurrentAlgorithm current;
        ShareBudget exploring(0);
        double own_s = 0, best_s = 0;
        for (const LinkModel& link : grid_links(random)) {
          const CandidateList list = rank_described(shape, is_lossy(shape), model_of(link));
          const Choice choice =
              choose(list.all(), current, exploring, true, 1, [](std::size_t, std::size_t) { return 0.0; });
          own_s += list.items[choice.index].predicted_s;
          best_s += list.items[0].predicted_s;
          regrets.push_back(list.items[choice.index].predicted_s / list.items[0].predicted_s - 1);
        }
        row.total += own_s / best_s - 1;
        ++runs;
      }
  finish(row, regrets, runs);
  return row;
}

std::vector<RegretRow> regret_on_schedules(const RegretOptions& options) {
  std::vector<RegretRow> rows;
  for (const std::string& schedule : options.schedules)
    for (const Knowledge knowledge : {Knowledge::learned, Knowledge::first})
      rows.push_back(row_of(schedule, knowledge, options));
  return rows;
}

const char* name_of(Knowledge knowledge) {
  constexpr std::array kNames = {"exact", "learned", "first"};
  return kNames[static_cast<std::size_t>(knowledge)];
}

}  // namespace pliant::info
