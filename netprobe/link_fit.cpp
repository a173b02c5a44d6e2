#include "netprobe/link_fit.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "core/stats.hpp"
#include "netprobe/fit.hpp"

namespace pliant {
namespace {

constexpr double kMadToSigma = 1.4826;
constexpr double kOutlierSigmas = 4;
constexpr double kOutlierLeast = 0.1;      ///< [ln] a sample nearer to its median is no outlier
constexpr std::size_t kEnoughToJudge = 3;  ///< samples that a size needs before one can be judged far off
constexpr double kFloorQuantile = 0.1;
constexpr std::size_t kLeastRun = 3;   ///< sizes of a piece: two would fit anything
constexpr double kMisfit = 0.03;       ///< [relative] error of a line that needs no further piece
constexpr double kUnknownNoise = 0.1;  ///< [relative] of one sample, where no size has several
constexpr int kIterations = 15;

using Groups = std::vector<SizeGroup>;
using Points = std::span<const SizePoint>;

/// Standard deviation of ln(time) about its size's median; 0 where no size can be judged.
double log_noise(const Groups& groups) {
  std::vector<double> distances;
  for (const SizeGroup& group : groups) {
    if (group.times_s.size() < kEnoughToJudge) continue;
    const double middle_s = median(group.times_s);
    for (const double time_s : group.times_s) distances.push_back(std::abs(std::log(time_s / middle_s)));
  }
  return distances.empty() ? 0 : kMadToSigma * median(distances);
}

/// Takes outliers out; returns how many there were.
int reject(Groups& groups) {
  const double limit = std::max(kOutlierLeast, kOutlierSigmas * log_noise(groups));
  std::size_t rejected = 0;
  for (SizeGroup& group : groups) {
    if (group.times_s.size() < kEnoughToJudge) continue;
    const double middle_s = median(group.times_s);
    rejected += std::erase_if(group.times_s,
                              [&](double time_s) { return std::abs(std::log(time_s / middle_s)) > limit; });
  }
  return static_cast<int>(rejected);
}

std::vector<SizePoint> points_of(const Groups& groups, double q) {
  std::vector<SizePoint> points;
  for (const SizeGroup& group : groups)
    points.push_back({group.bytes, quantile(group.times_s, q), static_cast<double>(group.times_s.size())});
  return points;
}

/// The usual relative distance of a point from a true line.
double spread_of(const SizePoint& point, double noise) {
  return std::hypot(noise / std::sqrt(point.count), kMisfit);
}

double residual_of(const SizePoint& point, const Line& line, double noise) {
  return (point.time_s / line.at(point.bytes) - 1) / spread_of(point, noise);
}

/// Huber's regression with the spread known.
Line robust_line(Points points, double noise) {
  std::vector<double> weights;
  for (const SizePoint& point : points) weights.push_back(point.count / (point.time_s * point.time_s));
  Line line;
  for (int iteration = 0; iteration < kIterations; ++iteration) {
    line = least_squares(moments_of(points, weights));
    for (std::size_t i = 0; i < points.size(); ++i) {
      const double off_s = spread_of(points[i], noise) * line.at(points[i].bytes);
      weights[i] = huber_weight(residual_of(points[i], line, noise), 1) / (off_s * off_s);
    }
  }
  return line;
}

/// Squared residuals, large ones clipped: three sizes off pay for a further line, which has three numbers;
/// two do not. `price`: of one number fitted.
double loss_of(Points points, const Line& line, double noise, double price) {
  constexpr double kMost = 1.4;
  double loss = 0;
  for (const SizePoint& point : points)
    loss += std::min(std::pow(residual_of(point, line, noise), 2), kMost * price);
  return loss;
}

struct Pieces {
  std::vector<LinkPiece> list;
  double criterion = std::numeric_limits<double>::infinity();
};

/// The best division of `points` into at most `most` runs.
Pieces divide(Points points, std::size_t most, double noise, double price) {
  const Line whole = robust_line(points, noise);
  Pieces best{{{points.back().bytes, whole}}, loss_of(points, whole, noise, price) + 2 * price};
  if (most == 1) return best;
  for (std::size_t end = kLeastRun; end + kLeastRun <= points.size(); ++end) {
    const Points first = points.first(end);
    const Line line = robust_line(first, noise);
    Pieces rest = divide(points.subspan(end), most - 1, noise, price);
    // A line costs its two numbers, and where it ends.
    const double criterion = loss_of(first, line, noise, price) + 3 * price + rest.criterion;
    if (criterion >= best.criterion) continue;
    const double border = std::sqrt(points[end - 1].bytes * points[end].bytes);
    rest.list.insert(rest.list.begin(), {border, line});
    best = {std::move(rest.list), criterion};
  }
  return best;
}

void set_pieces(LinkFit& link, Points points, double noise) {
  const Pieces pieces =
      divide(points, LinkFit::kMostPieces, noise, std::log(static_cast<double>(points.size())));
  std::copy(pieces.list.begin(), pieces.list.end(), link.pieces.begin());
  link.piece_count = static_cast<int>(pieces.list.size());
}

/// Judges the fit to `seen` alone by `held_out`.
void set_held_out(LinkFit& link, const Groups& seen, const Groups& held_out) {
  if (seen.empty()) return;
  const double noise = log_noise(seen);
  LinkFit blind;
  set_pieces(blind, points_of(seen, 0.5), noise > 0 ? noise : kUnknownNoise);
  std::vector<double> errors;
  for (const SizeGroup& group : held_out)
    if (group.bytes <= seen.back().bytes && group.bytes >= seen.front().bytes)
      errors.push_back(std::abs(predict_s(blind, group.bytes) / median(group.times_s) - 1));
  link.held_out_sizes = static_cast<int>(errors.size());
  if (errors.empty()) return;
  link.held_out_median = median(errors);
  link.held_out_worst = *std::max_element(errors.begin(), errors.end());
}

std::vector<PingSample> samples_of(const Groups& groups) {
  std::vector<PingSample> samples;
  for (const SizeGroup& group : groups)
    for (const double time_s : group.times_s) samples.push_back({group.bytes, time_s});
  return samples;
}

}  // namespace

bool possible(const PingSample& ping) {
  return std::isfinite(ping.bytes) && ping.one_way_s >= 0 && ping.one_way_s <= kLongestPing_s;
}

LinkFit fit_survey(std::span<const SurveySample> samples) {
  LinkFit link;
  std::vector<PingSample> all, held_out, seen;
  for (const SurveySample& sample : samples) {
    if (!possible(sample.ping)) {
      ++link.impossible;
      continue;
    }
    all.push_back(sample.ping);
    (sample.held_out ? held_out : seen).push_back(sample.ping);
  }
  Groups groups = groups_of(all);
  if (groups.empty()) return link;
  link.rejected = reject(groups);
  Groups seen_groups = groups_of(seen), held_out_groups = groups_of(held_out);
  reject(seen_groups);
  reject(held_out_groups);
  set_held_out(link, seen_groups, held_out_groups);

  link.typical = fit_link(samples_of(groups));
  const double noise = log_noise(groups);
  set_pieces(link, points_of(groups, 0.5), noise > 0 ? noise : kUnknownNoise);
  const Line floor = robust_line(points_of(groups, kFloorQuantile), noise > 0 ? noise : kUnknownNoise);
  link.floor = link.typical.line();
  if (floor.alpha_s > kTick_s) link.floor.alpha_s = std::min(floor.alpha_s, link.floor.alpha_s);
  if (floor.beta_s_per_byte > kLeastBeta_s_per_byte)
    link.floor.beta_s_per_byte = std::min(floor.beta_s_per_byte, link.floor.beta_s_per_byte);
  return link;
}

double predict_s(const LinkFit& link, double bytes) {
  for (int i = 0; i < link.piece_count; ++i) {
    const LinkPiece& piece = link.pieces[static_cast<std::size_t>(i)];
    if (bytes <= piece.to_bytes || i + 1 == link.piece_count) return piece.line.at(bytes);
  }
  return 0;
}

}  // namespace pliant
