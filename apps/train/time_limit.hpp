// --max-seconds: all ranks stop after the same step.
#pragma once

#include <cstdint>

#include "apps/train/world.hpp"

namespace pliant::train {

class TimeLimit {
 public:
  /// `max_s` [s]: 0 = no limit.
  TimeLimit(const World& world, double max_s) : world_(world), max_s_(max_s) {}

  /// Starts the clock.
  void start();
  /// [s] since start(), by this rank's clock.
  double elapsed_s() const;
  /// Returns whether the time is over on the rank with the fastest clock; all ranks get the same answer. Call
  /// it after every step, numbered from 1. Collective in some steps, which are the same on all ranks.
  bool is_over(std::int64_t step);

 private:
  World world_;
  double max_s_;
  double start_s_ = 0;
  std::int64_t next_check_ = 1;  ///< step of the next comparison of clocks
  std::int64_t last_check_ = 0;
  double last_elapsed_s_ = 0;  ///< maximum over the ranks at the last check
};

}  // namespace pliant::train
