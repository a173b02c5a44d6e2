// The pairs that the library would take, step by step, were it in charge of a training: its policy budget on
// a network that keeps to the model, with a tensor's memory of quality, its trials and its samples.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "api/decision.hpp"
#include "apps/quality/pairs.hpp"
#include "apps/quality/training.hpp"
#include "policy/quality.hpp"

namespace pliant::quality {

struct LiveOptions {
  Network network;
  double time_s = 0;                                        ///< for one allreduce
  std::array<double, kFamilies> factors{1, 1, 1, 1, 1, 1};  ///< by which usual prices are wrong at the start
  bool calibrates = true;  ///< false: prices stay, and nothing is sampled or tried
};

/// Steps in a row at which a family was tried.
struct Trial {
  Family family = Family::exact;
  int first = 0;  ///< step, from 1
  int steps = 0;
};

class Live {
 public:
  /// count: elements of the tensor.
  Live(const LiveOptions& options, std::int64_t count);
  Live(const Live&) = delete;
  Live& operator=(const Live&) = delete;

  /// A step begins: api/operation.cpp's order, but that compute time is 0 and the margin 1.
  StepPlan next();
  /// It has ended; sampled_staleness: 0 where next() asked for none.
  void end(double sampled_staleness);

  const std::vector<Trial>& trials() const { return trials_; }
  const std::array<int, kFamilies>& steps() const { return steps_; }  ///< of each family
  int samples() const { return samples_; }
  /// In elements of allgather_topk's, as the next step will reckon.
  Worth::Prices prices() const { return worth().ranks; }
  const AllreduceAlgorithm& algorithm() const { return *algorithm_; }  ///< of the last step
  const QualityStep& last() const { return last_; }

 private:
  Worth worth() const;
  Decision decided(Family only_family, const Worth& worth);
  void count_step(Family tried);

  LiveOptions options_;
  Plan plan_;
  CostModel model_;
  AllreduceShape shape_;
  PolicyMemo memo_;
  QualityMemory memory_;
  const AllreduceAlgorithm* algorithm_ = nullptr;
  QualityStep last_;
  double sample_s_ = 0;  ///< that the sample of this step takes; 0: there is none
  int step_ = 0;         ///< steps begun
  int samples_ = 0;
  std::array<int, kFamilies> steps_{};
  std::vector<Trial> trials_;
};

}  // namespace pliant::quality
