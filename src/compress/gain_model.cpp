#include "compress/gain_model.hpp"

#include <algorithm>

#include "compress/topk.hpp"

namespace pliant {
namespace {

/// 10^(1/8). Densities are computed by dividing, since the last bit of libm's results could differ between
/// processors.
constexpr double kRatio = 1.333521432163324;

}  // namespace

void GainModel::place(std::int64_t count) {
  double density = 1;
  for (std::size_t i = kPoints; i-- > 0; density /= kRatio) kept_[i] = kept_count(count, density);
}

GainModel::GainModel(const GainCurve& curve, std::int64_t count) {
  place(count);
  for (std::size_t i = 0; i < kPoints; ++i) gain_[i] = curve.at(kept_[i]);
}

GainModel::GainModel(const std::array<double, kPoints>& gains, std::int64_t count) {
  place(count);
  double least = 0;
  for (std::size_t i = 0; i < kPoints; ++i) {
    if (gains[i] > least) least = std::min(gains[i], 1.0);
    gain_[i] = least;
  }
  gain_.back() = 1;
}

double GainModel::at(std::int64_t kept) const {
  if (kept <= 0) return 0;
  const auto above = std::upper_bound(kept_.begin(), kept_.end(), kept);
  if (above == kept_.end()) return 1;
  const auto i = static_cast<std::size_t>(above - kept_.begin());
  const std::int64_t left_kept = i == 0 ? 0 : kept_[i - 1];
  const double left = i == 0 ? 0 : gain_[i - 1];
  const double share = static_cast<double>(kept - left_kept) / static_cast<double>(kept_[i] - left_kept);
  return left + share * (gain_[i] - left);
}

std::int64_t GainModel::least_kept(double gain) const {
  std::int64_t low = 1;
  std::int64_t high = std::max<std::int64_t>(1, kept_.back());
  while (low < high) {
    const std::int64_t middle = low + (high - low) / 2;
    if (at(middle) >= gain) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

}  // namespace pliant
