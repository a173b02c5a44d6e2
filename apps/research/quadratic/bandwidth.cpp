#include "apps/research/quadratic/bandwidth.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <numbers>
#include <sstream>

#include "core/error.hpp"

namespace pliant::quadratic {
namespace {

// Source: Xin et al., arXiv 2312.08053, section 4: B(t) = eta sin^2(theta t) + delta + noise.
constinit const BandwidthShape sine{
    .name = "sine",
    .summary = "eta sin^2(theta t) + delta",
    .at =
        [](const BandwidthOptions& options, double turns) {
          const double sine = std::sin(turns * std::numbers::pi);
          return options.eta * sine * sine + options.delta;
        },
};
constinit const BandwidthShape step{
    .name = "step",
    .summary = "delta for half of each period, eta + delta for the other half",
    .at = [](const BandwidthOptions& options,
             double turns) { return (turns - std::floor(turns) < 0.5 ? 0 : options.eta) + options.delta; },
};
constinit const BandwidthShape constant{
    .name = "constant",
    .summary = "eta / 2 + delta",
    .at = [](const BandwidthOptions& options, double) { return options.eta / 2 + options.delta; },
};
constexpr std::array<const BandwidthShape*, 3> kShapes = {&sine, &step, &constant};

/// Steele, Lea and Flood, OOPSLA 2014 (splitmix64): bits of `value`, mixed.
std::uint64_t mixed(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15U;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebU;
  return value ^ (value >> 31);
}

double in_unit_interval(std::uint64_t bits) {
  return (static_cast<double>(bits >> 11) + 0.5) * 0x1p-53;
}

/// A standard normal number that depends on its arguments alone (Box and Muller).
double normal_of(std::uint64_t seed, int link, std::int64_t slot) {
  const std::uint64_t first =
      mixed(mixed(seed + static_cast<std::uint64_t>(link)) + static_cast<std::uint64_t>(slot));
  return std::sqrt(-2 * std::log(in_unit_interval(first))) *
         std::cos(2 * std::numbers::pi * in_unit_interval(mixed(first)));
}

BandwidthPoint read_point(const std::string& line, const std::string& place, double previous_s) {
  std::istringstream words(line);
  BandwidthPoint point{};
  std::string rest;
  if (!(words >> point.time_s >> point.bytes_per_s) || words >> rest)
    throw Error(ErrorClass::argument, place + quoted("line", line), "a line is: time [s], bandwidth [byte/s]",
                "Write it like 30 250000");
  if (!(point.bytes_per_s > 0) || !std::isfinite(point.bytes_per_s))
    throw Error(ErrorClass::argument, place + quoted("bandwidth", line), "must be > 0 byte/s", "Correct it");
  if (!(point.time_s > previous_s) || !std::isfinite(point.time_s))
    throw Error(ErrorClass::argument, place + quoted("time", line), "times begin at 0 and must rise",
                "Sort the lines");
  return point;
}

std::vector<BandwidthPoint> read_points(const std::string& path) {
  std::ifstream file(path);
  std::string names;
  for (const BandwidthShape* shape : kShapes) names.append(shape->name).append(", ");
  if (!file || std::filesystem::is_directory(path))
    throw Error(ErrorClass::io, quoted("--bandwidth", path) + " cannot be read",
                "must be one of " + names + "or a file", "Correct it");
  std::vector<BandwidthPoint> points;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    line.resize(std::min(line.size(), line.find('#')));
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const double previous_s = points.empty() ? -1 : points.back().time_s;
    points.push_back(read_point(line, path + ":" + std::to_string(number) + ": ", previous_s));
  }
  if (points.empty() || points.front().time_s != 0)
    throw Error(ErrorClass::argument, quoted("--bandwidth", path), "its first line has time 0",
                "Say what the bandwidth begins with");
  return points;
}

}  // namespace

std::span<const BandwidthShape* const> bandwidth_shapes() {
  return kShapes;
}

Bandwidth::Bandwidth(const BandwidthOptions& options) : options_(options) {
  const auto found =
      std::ranges::find(kShapes, options.shape, [](const BandwidthShape* shape) { return shape->name; });
  if (found != kShapes.end())
    shape_ = *found;
  else
    points_ = read_points(options.shape);
  mean_ = shape_ != nullptr ? options.eta / 2 + options.delta : measured_mean();
}

double Bandwidth::at(int link, double time_s) const {
  return in_slot(link, static_cast<std::int64_t>(std::floor(time_s / options_.slot_s)));
}

double Bandwidth::transfer_s(int link, double start_s, double bytes) const {
  auto slot = static_cast<std::int64_t>(std::floor(start_s / options_.slot_s));
  double now_s = start_s;
  double left = bytes;
  for (;; ++slot) {
    const double bytes_per_s = in_slot(link, slot);
    const double end_s = static_cast<double>(slot + 1) * options_.slot_s;
    const double fits = bytes_per_s * std::max(0.0, end_s - now_s);
    if (left <= fits) return now_s + left / bytes_per_s;
    left -= fits;
    now_s = std::max(now_s, end_s);
  }
}

double Bandwidth::in_slot(int link, std::int64_t slot) const {
  const double noise = options_.noise > 0 ? options_.noise * mean_ * normal_of(options_.seed, link, slot) : 0;
  return std::max(without_noise(link, static_cast<double>(slot) * options_.slot_s) + noise,
                  kLeastShare * mean_);
}

double Bandwidth::without_noise(int link, double time_s) const {
  if (shape_ != nullptr) {
    const double phase = options_.spread * link / options_.links;
    return shape_->at(options_, options_.theta * time_s / std::numbers::pi + phase);
  }
  const auto after =
      std::upper_bound(points_.begin(), points_.end(), time_s,
                       [](double time, const BandwidthPoint& point) { return time < point.time_s; });
  return std::prev(after)->bytes_per_s;
}

/// The last point of a file lasts for ever. For the mean it counts as long as the one before it.
double Bandwidth::measured_mean() const {
  if (points_.size() == 1) return points_.front().bytes_per_s;
  double bytes = 0;
  for (std::size_t i = 0; i + 1 < points_.size(); ++i)
    bytes += points_[i].bytes_per_s * (points_[i + 1].time_s - points_[i].time_s);
  const double last_s = points_.back().time_s - points_[points_.size() - 2].time_s;
  return (bytes + points_.back().bytes_per_s * last_s) / (points_.back().time_s + last_s);
}

}  // namespace pliant::quadratic
