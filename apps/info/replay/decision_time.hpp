// What deciding takes: the processor's time of a call before it sends anything, on rank 0, which has most to
// do. The library's own decisions and learner, for many tensors in turn; the network is simulated.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pliant::info {

struct DecisionOptions {
  int tensors = 1000;  ///< of 1e3 to 1e8 elements, as many in each decade
  int steps = 60;      ///< that count; each reduces every tensor once
  int ranks = 8;
  double noise = 0.1;  ///< standard deviation of the logarithm of a time
  std::uint64_t seed = 1;
};

/// Of one way of calling.
struct DecisionRow {
  std::string call;
  double mean_us = 0, median_us = 0, p99_us = 0;
  double meeting_us = 0;    ///< mean of a decision by what was learned, alone
  double meetings = 0;      ///< share of the calls before which there is one
  double anew_us = 0;       ///< mean where nothing is remembered: the policy is asked, and candidates ranked
  double of_operation = 0;  ///< all decisions / all operations, predicted
};

struct DecisionTimes {
  double copy_us = 0;  ///< median time to copy 16 KiB, as a measure of the processor
  std::vector<DecisionRow> rows;
};

/// On 1 ms and 100 Mbit/s, of which everything is learned from noisy times. The program's computing takes
/// 50 ms, which move by a per cent each step, as gains do; the budget is 200 ms.
DecisionTimes decision_times(const DecisionOptions& options);

}  // namespace pliant::info
