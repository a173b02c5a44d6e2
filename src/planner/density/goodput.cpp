// goodput: chooses the k, or everything, with the largest
//   gain / (t_compute + t_operation),
// where gain is 1 if everything is sent. The user need not tune any value. Until the gain is known, the
// policy uses pliant_density. If gain and time are linear in k, the quotient has no maximum inside an
// interval. So the search compares the points of the gain model first. Then it compares a few more around the
// best one, since times may be nonlinear.
// Source: T_compression = T_system x gain in Tyagi and Swany, "GraVAC: Adaptive Compression for
// Communication-Efficient Distributed DL Training", IEEE CLOUD 2023. Here it covers all algorithms, by
// prediction instead of exploration.
#include <algorithm>

#include "compress/topk.hpp"
#include "planner/density/policy.hpp"

namespace pliant {
namespace {

/// Densities tried between two points of the gain model.
constexpr int kBetween = 8;

/// Compares densities, and remembers the best so far.
class Search {
 public:
  explicit Search(const ChoiceInput& input) : input_(input), most_(goodput(1, exact_s(input))) {
    best.kept = input.shape.count;
  }

  void look_at(std::int64_t kept) {
    const double value = goodput(input_.gain->at(kept), lossy_s(input_, kept));
    if (!(value > most_)) return;
    most_ = value;
    best = {.kept = kept};
  }

  void look_between(std::int64_t low, std::int64_t high) {
    for (int i = 1; i < kBetween; ++i) look_at(low + (high - low) * i / kBetween);
  }

  PolicyDecision best{.lossy = false, .why_exact = "everything has the most gain for its time"};

 private:
  double goodput(double gain, double operation_s) const { return gain / (input_.compute_s + operation_s); }

  const ChoiceInput& input_;
  double most_;
};

PolicyDecision decide(const ChoiceInput& input) {
  const std::int64_t least = least_kept(input);
  if (input.gain == nullptr)
    return {.kept = std::max(least, kept_count(input.shape.count, input.settings.density)), .by_user = true};
  const auto kept = [&](std::size_t point) { return std::max(least, input.gain->kept(point)); };
  Search search(input);
  std::size_t best = 0;
  for (std::size_t i = 0; i < GainModel::kPoints; ++i) {
    search.look_at(kept(i));
    if (search.best.kept == kept(i) && search.best.lossy) best = i;
  }
  if (best > 0) search.look_between(kept(best - 1), kept(best));
  if (best + 1 < GainModel::kPoints) search.look_between(kept(best), kept(best + 1));
  return search.best;
}

}  // namespace

constinit const Policy goodput_policy{
    .name = "goodput",
    .summary = "the density, or everything, with the most gain for the time of a step",
    .adapts = true,
    .needs_compute_time = true,
    .needs_gain = true,
    .decide = decide,
};

}  // namespace pliant
