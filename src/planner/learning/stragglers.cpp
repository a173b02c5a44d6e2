#include "planner/learning/stragglers.hpp"

#include <algorithm>
#include <cmath>

#include "core/stats.hpp"

namespace pliant {
namespace {

/// A straggler stays one until it is late by less than this share of the limit for naming it.
constexpr double kStays = 0.5;
/// Another rank replaces it if it is later by this factor.
constexpr double kMuchLater = 2;
constexpr double kWorthTelling = 2;

bool possible(const RoundArrival& rank) {
  return std::isfinite(rank.waited_s) && std::isfinite(rank.computed_s) && rank.waited_s >= 0 &&
         rank.computed_s >= 0;
}

}  // namespace

double call_time_s(std::span<const RoundArrival> all, double sync_round_s) {
  const auto [least, most] = std::minmax_element(
      all.begin(), all.end(), [](const auto& a, const auto& b) { return a.call_s < b.call_s; });
  const auto [last, first] = std::minmax_element(
      all.begin(), all.end(), [](const auto& a, const auto& b) { return a.waited_s < b.waited_s; });
  return first->waited_s - last->waited_s > sync_round_s ? least->call_s : most->call_s;
}

void Stragglers::begin(int ranks) {
  arrivals_.assign(static_cast<std::size_t>(ranks), {});
  past_.assign(static_cast<std::size_t>(ranks), {});
  scratch_.assign(static_cast<std::size_t>(ranks), 0);
  rounds_ = 0;
  latest_ = {};
  told_late_s_ = 0;
}

std::size_t Stragglers::known() const {
  return static_cast<std::size_t>(std::min<std::int64_t>(rounds_, kWindow));
}

double Stragglers::median_of_scratch() {
  return lower_median(std::span(scratch_));
}

Stragglers::Figure Stragglers::figure_of(int rank) const {
  Past past = past_[static_cast<std::size_t>(rank)];
  const auto late = std::span(past.late_s).first(known());
  std::sort(late.begin(), late.end());
  return {.late_s = late[(late.size() - 1) / 2],
          .computed_s = lower_median(std::span(past.computed_s).first(known())),
          .least_late_s = late[1]};
}

void Stragglers::remember(double sync_round_s) {
  const std::size_t now = static_cast<std::size_t>(rounds_++) % kWindow;
  double longest_s = 0, shortest_s = arrivals_[0].waited_s;
  for (std::size_t rank = 0; rank < past_.size(); ++rank) {
    scratch_[rank] = arrivals_[rank].computed_s;
    longest_s = std::max(longest_s, arrivals_[rank].waited_s);
    shortest_s = std::min(shortest_s, arrivals_[rank].waited_s);
  }
  all_computed_s_[now] = median_of_scratch();
  for (std::size_t rank = 0; rank < past_.size(); ++rank)
    scratch_[rank] = longest_s - arrivals_[rank].waited_s;
  const double median_s = median_of_scratch();
  for (std::size_t rank = 0; rank < past_.size(); ++rank) {
    const double late_s = longest_s - arrivals_[rank].waited_s - median_s;
    past_[rank].late_s[now] = static_cast<float>(late_s);
    past_[rank].computed_s[now] = static_cast<float>(arrivals_[rank].computed_s);
    scratch_[rank] = std::abs(late_s);
  }
  noise_s_[now] = std::max({median_of_scratch(), shortest_s, sync_round_s});
}

void Stragglers::name(int candidate) {
  auto noise_s = noise_s_;
  auto all_computed_s = all_computed_s_;
  const double all_s = lower_median(std::span(all_computed_s).first(known()));
  const double clearly_s =
      std::max(kClear * lower_median(std::span(noise_s).first(known())), kWorthNaming * all_s);
  const auto put = [&](int rank, const Figure& figure) {
    latest_ = {rank, figure.late_s, figure.computed_s, all_s};
  };
  if (latest_.rank >= 0) {
    const Figure figure = figure_of(latest_.rank);
    if (figure.late_s > kStays * clearly_s) {
      put(latest_.rank, figure);
    } else {
      latest_ = {};
    }
  }
  if (candidate == latest_.rank || rounds_ < kFewest) return;
  const Figure figure = figure_of(candidate);
  // If ranks come at random times, another one is the last each time.
  const bool again_and_again = figure.least_late_s > std::max(clearly_s, figure.late_s / 2);
  if (again_and_again && figure.late_s > kMuchLater * latest_.late_s) put(candidate, figure);
}

bool Stragglers::observe(double sync_round_s) {
  if (!std::all_of(arrivals_.begin(), arrivals_.end(), possible)) return false;
  remember(std::isfinite(sync_round_s) ? sync_round_s : 0);
  const auto last = std::min_element(arrivals_.begin(), arrivals_.end(),
                                     [](const auto& a, const auto& b) { return a.waited_s < b.waited_s; });
  const int before = latest_.rank;
  name(static_cast<int>(last - arrivals_.begin()));
  const bool moved =
      latest_.late_s > kWorthTelling * told_late_s_ || latest_.late_s < told_late_s_ / kWorthTelling;
  if (latest_.rank == before && (before < 0 || !moved)) return false;
  told_late_s_ = latest_.late_s;
  return true;
}

}  // namespace pliant
