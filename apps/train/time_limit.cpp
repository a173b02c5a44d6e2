#include "apps/train/time_limit.hpp"

#include <algorithm>

namespace pliant::train {
namespace {

constexpr double kMostBetweenChecks_s = 1;  // a comparison takes much less, and steps may become slower

}  // namespace

void TimeLimit::start() {
  start_s_ = MPI_Wtime();
}

double TimeLimit::elapsed_s() const {
  return MPI_Wtime() - start_s_;
}

bool TimeLimit::is_over(std::int64_t step) {
  if (max_s_ <= 0 || step < next_check_) return false;
  double elapsed_s = this->elapsed_s();
  world_.largest(&elapsed_s, 1);
  if (elapsed_s >= max_s_) return true;
  // All ranks know these times, so they agree on the step of the next comparison.
  const double step_s = (elapsed_s - last_elapsed_s_) / static_cast<double>(step - last_check_);
  const double pause_s = std::min(kMostBetweenChecks_s, (max_s_ - elapsed_s) / 2);
  const double steps = step_s > 0 ? std::min(pause_s / step_s, 1e6) : 1;
  last_check_ = step;
  last_elapsed_s_ = elapsed_s;
  next_check_ = step + std::max<std::int64_t>(1, static_cast<std::int64_t>(steps));
  return false;
}

}  // namespace pliant::train
