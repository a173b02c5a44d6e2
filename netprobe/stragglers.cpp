#include "netprobe/stragglers.hpp"

#include <algorithm>
#include <cmath>

#include "core/stats.hpp"

namespace pliant {
namespace {

/// Who is named stays so until it is late by less than this share of what it takes to be named.
constexpr double kStays = 0.5;
/// Another takes its place when it is later by this factor.
constexpr double kMuchLater = 2;
constexpr double kWorthTelling = 2;

bool possible(const Attendance& rank) {
  return std::isfinite(rank.waited_s) && std::isfinite(rank.computed_s) && rank.waited_s >= 0 &&
         rank.computed_s >= 0;
}

}  // namespace

double call_time_s(std::span<const Attendance> all, double meeting_s) {
  const auto [least, most] = std::minmax_element(
      all.begin(), all.end(), [](const auto& a, const auto& b) { return a.call_s < b.call_s; });
  const auto [last, first] = std::minmax_element(
      all.begin(), all.end(), [](const auto& a, const auto& b) { return a.waited_s < b.waited_s; });
  return first->waited_s - last->waited_s > meeting_s ? least->call_s : most->call_s;
}

void Stragglers::begin(int ranks) {
  attendance_.assign(static_cast<std::size_t>(ranks), {});
  past_.assign(static_cast<std::size_t>(ranks), {});
  scratch_.assign(static_cast<std::size_t>(ranks), 0);
  meetings_ = 0;
  latest_ = {};
  told_late_s_ = 0;
}

std::size_t Stragglers::known() const {
  return static_cast<std::size_t>(std::min<std::int64_t>(meetings_, kWindow));
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

void Stragglers::remember(double meeting_s) {
  const std::size_t now = static_cast<std::size_t>(meetings_++) % kWindow;
  double longest_s = 0, shortest_s = attendance_[0].waited_s;
  for (std::size_t rank = 0; rank < past_.size(); ++rank) {
    scratch_[rank] = attendance_[rank].computed_s;
    longest_s = std::max(longest_s, attendance_[rank].waited_s);
    shortest_s = std::min(shortest_s, attendance_[rank].waited_s);
  }
  all_computed_s_[now] = median_of_scratch();
  for (std::size_t rank = 0; rank < past_.size(); ++rank)
    scratch_[rank] = longest_s - attendance_[rank].waited_s;
  const double median_s = median_of_scratch();
  for (std::size_t rank = 0; rank < past_.size(); ++rank) {
    const double late_s = longest_s - attendance_[rank].waited_s - median_s;
    past_[rank].late_s[now] = static_cast<float>(late_s);
    past_[rank].computed_s[now] = static_cast<float>(attendance_[rank].computed_s);
    scratch_[rank] = std::abs(late_s);
  }
  noise_s_[now] = std::max({median_of_scratch(), shortest_s, meeting_s});
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
  if (candidate == latest_.rank || meetings_ < kFewest) return;
  const Figure figure = figure_of(candidate);
  // The last of several ranks that come at random times is another one each time.
  const bool again_and_again = figure.least_late_s > std::max(clearly_s, figure.late_s / 2);
  if (again_and_again && figure.late_s > kMuchLater * latest_.late_s) put(candidate, figure);
}

bool Stragglers::observe(double meeting_s) {
  if (!std::all_of(attendance_.begin(), attendance_.end(), possible)) return false;
  remember(std::isfinite(meeting_s) ? meeting_s : 0);
  const auto last = std::min_element(attendance_.begin(), attendance_.end(),
                                     [](const auto& a, const auto& b) { return a.waited_s < b.waited_s; });
  const int before = latest_.rank;
  name(static_cast<int>(last - attendance_.begin()));
  const bool moved =
      latest_.late_s > kWorthTelling * told_late_s_ || latest_.late_s < told_late_s_ / kWorthTelling;
  if (latest_.rank == before && (before < 0 || !moved)) return false;
  told_late_s_ = latest_.late_s;
  return true;
}

}  // namespace pliant
