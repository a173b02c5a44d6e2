#include "netprobe/fit.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

#include "core/line.hpp"
#include "core/stats.hpp"

namespace pliant {
namespace {

constexpr double kMadToSigma = 1.4826;     // sigma of a normal distribution / its median absolute deviation
constexpr double kMedianVariance = 1.571;  // pi / 2: variance of a median / variance of a mean, normal errors
constexpr double kExactFit = 1e-9;         // [relative] residuals below are rounding
constexpr int kIterations = 30;            // far more than it takes; a fixed number keeps it reproducible

/// Relative standard error of a point of one sample, and its degrees of freedom.
struct Scatter {
  double sigma = 0;
  double freedom = 0;
};

/// 97.5 % quantile of Student's t: exact values, then Cornish-Fisher's expansion about the normal quantile
/// (Abramowitz and Stegun, 26.7.5), good to 0.1 % there.
double student_quantile(double freedom) {
  constexpr std::array<double, 4> kFirst{12.706, 4.303, 3.182, 2.776};
  const auto index = static_cast<std::size_t>(freedom);
  if (index <= kFirst.size()) return kFirst[std::max<std::size_t>(index, 1) - 1];
  const double inverse = 1 / freedom;
  return 1.95996 + inverse * (2.3722 + inverse * (2.8225 + inverse * 2.5558));
}

/// One point a size. `deviations` gets each sample's relative distance from its point.
std::vector<SizePoint> points_of(const std::vector<SizeGroup>& groups, std::vector<double>& deviations) {
  std::vector<SizePoint> points;
  for (const SizeGroup& group : groups) {
    const double middle_s = median(group.times_s);
    for (const double time_s : group.times_s) deviations.push_back(std::abs(time_s / middle_s - 1));
    points.push_back({group.bytes, middle_s, static_cast<double>(group.times_s.size())});
  }
  return points;
}

/// Scatter of the times within their sizes, from the median absolute deviation.
Scatter scatter_within(const std::vector<double>& deviations, std::size_t sizes) {
  const auto samples = static_cast<double>(deviations.size());
  const double freedom = samples - static_cast<double>(sizes);
  if (freedom <= 0) return {};
  return {kMadToSigma * median(deviations) * std::sqrt(kMedianVariance * samples / freedom), freedom};
}

/// Residuals of the points relative to the line, each in units of one sample's error.
std::vector<double> residuals_of(const std::vector<SizePoint>& points, const Line& line) {
  std::vector<double> residuals;
  residuals.reserve(points.size());
  for (const SizePoint& point : points)
    residuals.push_back((point.time_s / line.at(point.bytes) - 1) * std::sqrt(point.count));
  return residuals;
}

double huber_scale(std::vector<double> residuals, double sigma_within) {
  const auto count = static_cast<double>(residuals.size());
  for (double& residual : residuals) residual = std::abs(residual);
  const double spread = kMadToSigma * median(residuals) * std::sqrt(count / std::max(count - 2, 1.0));
  return std::max({spread, sigma_within, kExactFit});
}

struct Fit {
  Line line;
  Moments sums;     ///< of all points, whatever Huber's weights
  Scatter scatter;  ///< of the points about the line, or within them
};

/// Standard error of one point about the line, from Huber's estimate of the covariance of an M-estimator
/// (Robust Statistics, 1981, section 7.6): plain weighted residuals would look better than they are.
Scatter scatter_about(const std::vector<double>& residuals, double scale) {
  const auto count = static_cast<double>(residuals.size());
  if (count <= 2) return {};
  double squares = 0;
  double kept = 0;
  for (const double residual : residuals) {
    const double clipped = std::clamp(residual, -kHuber * scale, kHuber * scale);
    squares += clipped * clipped;
    kept += clipped == residual ? 1 : 0;
  }
  const double share = std::max(kept, 1.0) / count;
  const double correction = 1 + 2 / count * (1 - share) / share;
  return {correction * std::sqrt(squares / (count - 2)) / share, count - 2};
}

/// Iteratively reweighted least squares through two or more sizes.
Fit fit_points(const std::vector<SizePoint>& points, const Scatter& within) {
  Fit fit;
  std::vector<double> weights, huber_weights;
  for (const SizePoint& point : points) weights.push_back(point.count / (point.time_s * point.time_s));
  huber_weights = weights;
  double scale = 0;
  for (int iteration = 0; iteration < kIterations; ++iteration) {
    fit.line = least_squares(moments_of(points, huber_weights));
    const std::vector<double> residuals = residuals_of(points, fit.line);
    scale = huber_scale(residuals, within.sigma);
    for (std::size_t i = 0; i < points.size(); ++i) {
      const double fitted_s = fit.line.at(points[i].bytes);
      weights[i] = points[i].count / (fitted_s * fitted_s);
      huber_weights[i] = weights[i] * huber_weight(residuals[i], scale);
    }
  }
  fit.sums = moments_of(points, weights);
  const Scatter about_line = scatter_about(residuals_of(points, fit.line), scale);
  fit.scatter = about_line.freedom > 0 && about_line.sigma >= within.sigma ? about_line : within;
  return fit;
}

/// The only bounds that are certain without repetitions: no part of the time is negative.
void set_widest_intervals(LinkEstimate& link, const std::vector<SizePoint>& points) {
  link.alpha_high_s = std::max(link.alpha_s, points.front().time_s);
  const SizePoint& largest = points.back();
  if (largest.bytes > 0)
    link.beta_high_s_per_byte = std::max(link.beta_s_per_byte, largest.time_s / largest.bytes);
}

void set_intervals(LinkEstimate& link, const Fit& fit) {
  const double width = student_quantile(fit.scatter.freedom) * fit.scatter.sigma;
  const double beta_error = width / std::sqrt(fit.sums.bytes_bytes);
  const double alpha_error =
      width * std::sqrt(1 / fit.sums.weight + fit.sums.bytes * fit.sums.bytes / fit.sums.bytes_bytes);
  link.alpha_low_s = std::max(0.0, link.alpha_s - alpha_error);
  link.alpha_high_s = link.alpha_s + alpha_error;
  link.beta_low_s_per_byte = std::max(0.0, link.beta_s_per_byte - beta_error);
  link.beta_high_s_per_byte = link.beta_s_per_byte + beta_error;
}

}  // namespace

LinkEstimate fit_link(std::span<const PingSample> samples) {
  LinkEstimate link;
  std::vector<double> deviations;
  const std::vector<SizePoint> points = points_of(groups_of(samples), deviations);
  link.samples = static_cast<int>(deviations.size());
  if (points.empty()) return link;
  if (points.size() == 1) {
    link.alpha_s = points.front().time_s;
    set_widest_intervals(link, points);
    return link;
  }
  const Fit fit = fit_points(points, scatter_within(deviations, points.size()));
  link.alpha_s = fit.line.alpha_s;
  link.beta_s_per_byte = fit.line.beta_s_per_byte;
  if (fit.scatter.freedom > 0) {
    set_intervals(link, fit);
  } else {
    set_widest_intervals(link, points);
  }
  return link;
}

double gap_between(std::span<const double> times_s, int messages, double alpha_s) {
  double least = alpha_s;
  for (const double time_s : times_s) least = std::min(least, (time_s - 2 * alpha_s) / (messages - 1));
  return std::max(0.0, least);
}

std::optional<LinkModel> agree_on_link(std::span<const LinkEstimate> links, int ranks) {
  const auto count = static_cast<std::size_t>(ranks);
  std::vector<std::vector<double>> alphas(count), betas(count), gaps(count);
  for (const LinkEstimate& link : links) {
    if (!is_measured(link.line())) continue;
    for (const int end : {link.rank, link.peer}) {
      alphas[static_cast<std::size_t>(end)].push_back(link.alpha_s);
      betas[static_cast<std::size_t>(end)].push_back(link.beta_s_per_byte);
      gaps[static_cast<std::size_t>(end)].push_back(link.gap_s);
    }
  }
  std::optional<LinkModel> agreed;
  for (std::size_t rank = 0; rank < count; ++rank) {
    if (alphas[rank].empty()) continue;
    const LinkModel before = agreed.value_or(LinkModel{});
    agreed = {std::max(before.alpha_s, lower_median(std::span(alphas[rank]))),
              std::max(before.beta_s_per_byte, lower_median(std::span(betas[rank]))),
              std::max(before.gap_s, lower_median(std::span(gaps[rank])))};
  }
  return agreed;
}

}  // namespace pliant
