// pareto: the knee between time and lost gain. Chooses the k, over densities in [0.001, 0.1], with the least
//   max(0.6 nF1(k), 0.4 nF2(k)),   F1 = predicted time of the operation, F2 = 1 / gain.
// nF scales F between its best (0) and its worst (1) in the range. F1 rises with k and F2 falls, so every k
// is Pareto-optimal. The best k is where both terms are equal, which bisection finds. The paper searches for
// the same point with NSGA-II on fitted curves; tests/planner/density/pareto_test.cpp compares the two. Until the gain
// is known, the policy uses pliant_density.
// Source: Tyagi and Swany, "Flexible Communication for Optimal Distributed Learning over Unpredictable
// Networks", IEEE BigData 2023 (arXiv 2312.02493), section 3-E: range, objective, weights.
#include <algorithm>

#include "compress/topk.hpp"
#include "planner/density/policy.hpp"

namespace pliant {
namespace {

constexpr double kLeastParetoDensity = 0.001;
constexpr double kMostParetoDensity = 0.1;
constexpr double kTimeWeight = 0.6;
constexpr double kGainWeight = 0.4;

/// Position of `value` between the best and the worst; 0 if these are equal.
double normalised(double value, double best, double worst) {
  return worst > best ? (value - best) / (worst - best) : 0;
}

class Knee {
 public:
  Knee(const ChoiceInput& input, std::int64_t least, std::int64_t most)
      : input_(input),
        least_s_(lossy_s(input, least)),
        most_s_(lossy_s(input, most)),
        least_inverse_(inverse_gain(most)),
        most_inverse_(inverse_gain(least)) {}

  double time(std::int64_t kept) const {
    return kTimeWeight * normalised(lossy_s(input_, kept), least_s_, most_s_);
  }
  double lost(std::int64_t kept) const {
    return kGainWeight * normalised(inverse_gain(kept), least_inverse_, most_inverse_);
  }
  double worse(std::int64_t kept) const { return std::max(time(kept), lost(kept)); }

 private:
  /// Finite even where the gain is 0, as for a tensor of unknown gain.
  double inverse_gain(std::int64_t kept) const { return 1 / std::max(input_.gain->at(kept), 1e-9); }

  const ChoiceInput& input_;
  double least_s_;
  double most_s_;
  double least_inverse_;
  double most_inverse_;
};

PolicyDecision decide(const ChoiceInput& input) {
  const std::int64_t count = input.shape.count;
  if (input.gain == nullptr)
    return {.kept = std::max(least_kept(input), kept_count(count, input.settings.density)), .by_user = true};
  const std::int64_t least = std::max(least_kept(input), kept_count(count, kLeastParetoDensity));
  const std::int64_t most = std::max(least, kept_count(count, kMostParetoDensity));
  const Knee knee(input, least, most);
  const std::int64_t before =
      largest_where(least, most, [&](std::int64_t k) { return knee.time(k) <= knee.lost(k); });
  // The two terms are equal between this k and the next.
  const std::int64_t here = std::max(least, before);
  const std::int64_t next = std::min(most, before + 1);
  return {.kept = knee.worse(next) < knee.worse(here) ? next : here};
}

}  // namespace

constinit const Policy pareto_policy{
    .name = "pareto",
    .summary = "the knee between time and 1 / gain, weights 0.6 and 0.4, densities 0.001 to 0.1",
    .adapts = true,
    .needs_compute_time = false,
    .needs_gain = true,
    .decide = decide,
};

}  // namespace pliant
