// A communicator on a simulated network, for tests of learning.
#pragma once

#include <cmath>
#include <cstdint>
#include <map>
#include <random>

#include "planner/learning/learner.hpp"
#include "tests/support/selection.hpp"

namespace pliant::test {

inline constexpr ComputeModel kCompute = {.gamma_s_per_byte = 0.1e-9,
                                          .select_s_per_element = 1e-9,
                                          .apply_s_per_element = 0.1e-9,
                                          .pair_s_per_element = 2e-9,
                                          .drain_s_per_element = 0.5e-9,
                                          .codec_s_per_index = {1e-9, 4e-9, 10e-9}};

/// A communicator on a simulated network.
class World {
 public:
  explicit World(const LinkModel& link, double noise = 0.1, std::uint64_t seed = 1)
      : truth{.link = link, .compute = kCompute}, noise_(noise), random_(seed) {}

  /// Makes one exact call and returns the algorithm that ran.
  const AllreduceAlgorithm& call(Learner& learner, std::int64_t count) {
    const SelectionRequest request{.shape = {{.ranks = 8}, {.count = count}}};
    const CandidateList list =
        rank_candidates(request, AlgorithmFilter(), learner.model(), &learner.corrections());
    last = learner.choose(list.all(), request.shape);
    const AllreduceAlgorithm& algorithm = *list.items[last.index].algorithm;
    const double wrong = wrong_by.contains(&algorithm) ? wrong_by[&algorithm] : 1;
    result =
        learner.learn(algorithm, request.shape,
                      algorithm.cost_s(request.shape, truth) * wrong * std::exp(noise_ * normal_(random_)));
    changes += result.change ? 1 : 0;
    time_s += algorithm.cost_s(request.shape, truth) * wrong;
    return algorithm;
  }

  /// Sends one message if the learner wants one. Returns its bytes, or 0.
  std::int64_t message(Learner& learner) {
    const auto bytes = learner.wanted_message(8);
    if (!bytes) return 0;
    const double one_way_s = truth.link.alpha_s + static_cast<double>(*bytes) * truth.link.beta_s_per_byte;
    result = learner.learn_message(*bytes, 8, one_way_s * std::exp(noise_ * normal_(random_)));
    messages_s += 2 * one_way_s;
    ++asked;
    return *bytes;
  }
  void messages(Learner& learner) {
    while (message(learner) > 0) {
    }
  }

  CostModel truth;
  std::map<const AllreduceAlgorithm*, double> wrong_by;
  Choice last;
  LearningResult result;
  int changes = 0;
  int asked = 0;
  double time_s = 0, messages_s = 0;

 private:
  double noise_;
  std::mt19937_64 random_;
  std::normal_distribution<double> normal_;
};

inline constexpr LinkModel kFast{.alpha_s = 100e-6, .beta_s_per_byte = 8e-10};
inline constexpr LinkModel kSlow{.alpha_s = 100e-6, .beta_s_per_byte = 8e-9};

inline Learner learner_of(const LinkModel& link) {
  return Learner({.link = link, .compute = kCompute});
}

}  // namespace pliant::test
