// Bandwidth that changes in simulated time. It is a pure function of link and time, so every rank computes
// the same values.
//
// Link 0 carries the server's messages, and link m >= 1 those of worker m. Bandwidth is constant within a
// slot of `slot_s`, so transfer times are exact: a transfer takes what fits into each slot, in turn.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace pliant::quadratic {

struct BandwidthOptions {
  std::string shape = "sine";  ///< of bandwidth_shapes(), or a file's path
  double eta = 2e4;            ///< [byte/s] oscillating part
  double delta = 1e3;          ///< [byte/s] constant part
  double theta = 0.05;         ///< [rad/s] of sin^2(theta t), which repeats every pi / theta
  double noise = 0.1;          ///< standard deviation / (eta / 2 + delta); new in each slot and link
  double spread = 0;           ///< 0: links oscillate together; 1: their phases are spread over one period
  double slot_s = 1;           ///< [s]
  int links = 5;
  std::uint64_t seed = 1;  ///< seed of the noise
};

/// One line of a file: a bandwidth and the time when it begins.
struct BandwidthPoint {
  double time_s;
  double bytes_per_s;
};

struct BandwidthShape {
  std::string_view name;
  std::string_view summary;
  /// [byte/s] without noise. `turns` counts periods of sin^2 since time 0, plus the link's phase.
  double (*at)(const BandwidthOptions& options, double turns);
};

std::span<const BandwidthShape* const> bandwidth_shapes();

class Bandwidth {
 public:
  /// Reads the file if the shape names one. Throws Error.
  explicit Bandwidth(const BandwidthOptions& options);

  /// [byte/s] of a link at a time, with noise; at least kLeastShare of the mean.
  double at(int link, double time_s) const;
  /// [byte/s] mean over time, without noise.
  double mean() const { return mean_; }
  /// [s] end of a transfer of `bytes` that starts at `start_s`.
  double transfer_s(int link, double start_s, double bytes) const;

  /// Noise never lowers the bandwidth below this share of the mean.
  static constexpr double kLeastShare = 0.01;

 private:
  double in_slot(int link, std::int64_t slot) const;
  double without_noise(int link, double time_s) const;
  double measured_mean() const;

  BandwidthOptions options_;
  const BandwidthShape* shape_ = nullptr;  ///< null for a file
  std::vector<BandwidthPoint> points_;
  double mean_ = 0;
};

}  // namespace pliant::quadratic
