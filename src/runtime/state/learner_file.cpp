#include "runtime/state/learner_file.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "runtime/state/state_file.hpp"

namespace pliant {
namespace {

constexpr const char* kRoot = "/learner";

/// The numbers of /learner, by name.
std::vector<std::pair<const char*, double*>> numbers_of(Learner::State& state) {
  LinkEstimator::State& estimator = state.estimator;
  return {{"alpha_s", &estimator.value[0]},
          {"beta_s_per_byte", &estimator.value[1]},
          {"alpha_variance", &estimator.covariance[0]},
          {"covariance", &estimator.covariance[1]},
          {"beta_variance", &estimator.covariance[2]},
          {"noise_variance", &estimator.noise_variance},
          {"observations", &estimator.observations},
          {"used_alpha_s", &state.link.alpha_s},
          {"used_beta_s_per_byte", &state.link.beta_s_per_byte},
          {"used_gap_s", &state.link.gap_s}};
}

/// A table of corrections, column by column.
struct Corrected {
  std::vector<std::int64_t> size_class, learned_at;
  std::vector<float> log_factor, variance;

  template <class Visit>
  void visit(Visit&& visit) {
    visit("class", size_class);
    visit("log_factor", log_factor);
    visit("variance", variance);
    visit("learned_at", learned_at);
  }
};

struct InUse {
  std::vector<std::int64_t> count, type, kept_class, lossy, calls, unexplored;
  std::vector<double> spent;

  template <class Visit>
  void visit(Visit&& visit) {
    visit("count", count);
    visit("type", type);
    visit("kept_class", kept_class);
    visit("lossy", lossy);
    visit("calls", calls);
    visit("unexplored", unexplored);
    visit("spent", spent);
  }
};

template <class Table>
void write(Hdf5File& file, const std::string& group, Table table) {
  table.visit([&]<class T>(const char* name, std::vector<T>& column) {
    if (!column.empty()) file.write(group + "/" + name, std::span<const T>(column));
  });
}

template <class Table>
Table read(const Hdf5File& file, const std::string& group) {
  Table table;
  if (!file.exists(group)) return table;
  std::size_t rows = 0;
  bool first = true;
  table.visit([&]<class T>(const char* name, std::vector<T>& column) {
    column = file.read<T>(group + "/" + name);
    if (!std::exchange(first, false) && column.size() != rows)
      throw damaged(group + "/" + name + " has " + std::to_string(column.size()) + " rows",
                    "must be those of the other columns, " + std::to_string(rows));
    rows = column.size();
  });
  return table;
}

Corrected corrected_of(const Learner::State& state, std::size_t algorithm) {
  Corrected table;
  for (std::size_t size_class = 0; size_class < Corrections::kClasses; ++size_class) {
    const Corrections::Cell& cell = state.corrections[algorithm][size_class];
    if (cell.variance < 0) continue;
    table.size_class.push_back(static_cast<std::int64_t>(size_class));
    table.log_factor.push_back(cell.log_factor);
    table.variance.push_back(cell.variance);
    table.learned_at.push_back(cell.learned_at);
  }
  return table;
}

void put(const Corrected& table, std::size_t algorithm, Learner::State& state) {
  constexpr std::int64_t kClasses = Corrections::kClasses;
  for (std::size_t i = 0; i < table.size_class.size(); ++i) {
    const std::int64_t size_class = table.size_class[i];
    if (size_class < 0 || size_class >= kClasses || !(table.variance[i] >= 0))
      throw damaged("a correction of class " + std::to_string(size_class) + " and variance " +
                        std::to_string(table.variance[i]),
                    "classes lie in [0, " + std::to_string(kClasses) + "), variances are >= 0");
    state.corrections[algorithm][static_cast<std::size_t>(size_class)] = {
        table.log_factor[i], table.variance[i], table.learned_at[i]};
  }
}

InUse in_use_of(const Learner::State& state, const AllreduceAlgorithm& algorithm) {
  InUse table;
  for (const Learner::Place& place : state.places) {
    if (place.count < 0 || place.current.algorithm != &algorithm) continue;
    table.count.push_back(place.count);
    table.type.push_back(static_cast<std::int64_t>(place.type));
    table.kept_class.push_back(place.kept_class);
    table.lossy.push_back(place.lossy ? 1 : 0);
    table.calls.push_back(place.current.calls);
    table.unexplored.push_back(place.current.unexplored);
    table.spent.push_back(place.current.spent);
  }
  return table;
}

/// Stores the table's rows from place `next` on, as far as there is room, and moves `next` behind them.
void put(const InUse& table, const AllreduceAlgorithm& algorithm, Learner::State& state, std::size_t& next) {
  constexpr std::int64_t kTypes = kElementTypes;
  for (std::size_t i = 0; i < table.count.size() && next < state.places.size(); ++i) {
    if (table.count[i] < 1 || table.type[i] < 0 || table.type[i] >= kTypes)
      throw damaged(
          "calls of " + std::to_string(table.count[i]) + " elements of type " + std::to_string(table.type[i]),
          "counts are >= 1, types lie in [0, " + std::to_string(kTypes) + ")");
    const auto kept_class =
        static_cast<int>(std::clamp<std::int64_t>(table.kept_class[i], -1, std::numeric_limits<int>::max()));
    state.places[next++] = {.count = table.count[i],
                            .type = static_cast<ElementType>(table.type[i]),
                            .kept_class = kept_class,
                            .lossy = table.lossy[i] != 0,
                            .current = {.algorithm = &algorithm,
                                        .calls = table.calls[i],
                                        .unexplored = table.unexplored[i],
                                        .spent = table.spent[i]}};
  }
}

}  // namespace

void write_learner(Hdf5File& file, const Learner& learner) {
  Learner::State state = learner.state();
  file.make_group(kRoot);
  for (const auto& [name, value] : numbers_of(state)) file.write_attribute(kRoot, name, *value);
  file.write_attribute(kRoot, "learned", state.learned);
  for (std::size_t i = 0; i < kAlgorithms.size(); ++i) {
    const std::string group = std::string(kRoot) + "/" + std::string(kAlgorithms[i]->name);
    write(file, group + "/correction", corrected_of(state, i));
    write(file, group + "/in_use", in_use_of(state, *kAlgorithms[i]));
  }
}

std::unique_ptr<Learner> read_learner(const Hdf5File& file, const CostModel& measured) {
  if (!file.exists(kRoot)) return nullptr;
  Learner::State state;
  for (const auto& [name, value] : numbers_of(state)) *value = file.read_attribute<double>(kRoot, name);
  state.learned = file.read_attribute<std::int64_t>(kRoot, "learned");
  std::size_t places = 0;
  for (std::size_t i = 0; i < kAlgorithms.size(); ++i) {
    const std::string group = std::string(kRoot) + "/" + std::string(kAlgorithms[i]->name);
    if (!file.exists(group)) continue;
    put(read<Corrected>(file, group + "/correction"), i, state);
    put(read<InUse>(file, group + "/in_use"), *kAlgorithms[i], state, places);
  }
  auto learner = std::make_unique<Learner>(measured);
  if (!learner->restore(state))
    throw damaged("/learner holds what nobody has learned",
                  "numbers are finite and >= 0, covariances are those of two numbers, counters are >= 0");
  return learner;
}

}  // namespace pliant
