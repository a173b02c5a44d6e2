// Bandwidth that changes in simulated time, as a pure function of link and time: every rank computes the
// same.
//
// Link 0 carries the server's messages, link m >= 1 worker m's. A link's bandwidth is constant within a slot
// of `slot_s`, so that the time of a transfer is exact: the sum over slots of what fits into each.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace pliant::quadratic {

struct BandwidthOptions {
  std::string shape = "sine";  ///< of bandwidth_shapes(), or a file's path
  double eta = 2e4;            ///< [byte/s] the part that oscillates
  double delta = 1e3;          ///< [byte/s] the part that is always there
  double theta = 0.05;         ///< [rad/s] of sin^2(theta t), which repeats every pi / theta
  double noise = 0.1;          ///< standard deviation, of the mean eta / 2 + delta; new in each slot and link
  double spread = 0;           ///< 0: links oscillate together; 1: their phases are spread over one period
  double slot_s = 1;           ///< [s]
  int links = 5;
  std::uint64_t seed = 1;  ///< of the noise
};

/// One line of a file: this bandwidth from this time on.
struct BandwidthPoint {
  double time_s;
  double bytes_per_s;
};

struct BandwidthShape {
  std::string_view name;
  std::string_view summary;
  /// [byte/s] without noise. `turns`: periods of sin^2 since time 0, the link's phase added.
  double (*at)(const BandwidthOptions& options, double turns);
};

std::span<const BandwidthShape* const> bandwidth_shapes();

class Bandwidth {
 public:
  /// Reads the file, if one is named. Throws Error.
  explicit Bandwidth(const BandwidthOptions& options);

  /// [byte/s] of a link at a time, noise included; never less than kLeastShare of the mean.
  double at(int link, double time_s) const;
  /// [byte/s] over time, without noise.
  double mean() const { return mean_; }
  /// [s] when `bytes` that begin to travel at `start_s` have travelled.
  double transfer_s(int link, double start_s, double bytes) const;

  /// What noise leaves of the mean at worst.
  static constexpr double kLeastShare = 0.01;

 private:
  double in_slot(int link, std::int64_t slot) const;
  double without_noise(int link, double time_s) const;
  double measured_mean() const;

  BandwidthOptions options_;
  const BandwidthShape* shape_ = nullptr;  ///< null: the file's
  std::vector<BandwidthPoint> points_;
  double mean_ = 0;
};

}  // namespace pliant::quadratic
