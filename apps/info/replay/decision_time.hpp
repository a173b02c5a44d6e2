// Measures the processor time of a call's decision, before it sends anything. It is measured on rank 0, which
// does most of the work. Uses the library's own decisions and learner for many tensors in turn, on a
// simulated network.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pliant::info {

struct DecisionOptions {
  int tensors = 1000;  ///< lengths from 1e3 to 1e8 elements, as many in each decade
  int steps = 60;      ///< counted steps; each reduces every tensor once
  int ranks = 8;
  double noise = 0.1;  ///< standard deviation of the logarithm of a time
  std::uint64_t seed = 1;
};

/// Results for one way of calling.
struct DecisionRow {
  std::string call;
  double mean_us = 0, median_us = 0, p99_us = 0;
  double round_us = 0;      ///< mean time of learning and deciding at a sync round
  double rounds = 0;        ///< share of calls that begin with a sync round
  double anew_us = 0;       ///< mean if nothing is remembered: policy asked, candidates ranked
  double of_operation = 0;  ///< all decisions / all operations, predicted
};

struct DecisionTimes {
  double copy_us = 0;  ///< median time to copy 16 KiB, as a measure of the processor
  std::vector<DecisionRow> rows;
};

/// Simulates 1 ms and 100 Mbit/s, already learned from noisy times. Computation takes 50 ms, which changes by
/// 1 % each step, as gains do. The budget is 200 ms.
DecisionTimes decision_times(const DecisionOptions& options);

}  // namespace pliant::info
