// A simulated link: noisy times of a ring of 8 ranks, from a seed.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>

#include "planner/learning/estimator.hpp"

namespace pliant::test {

class SimulatedLink {
 public:
  SimulatedLink(std::uint64_t seed, const LinkModel& link, double noise)
      : link(link), noise(noise), random_(seed) {}

  double normal() { return std::normal_distribution<double>()(random_); }
  double uniform(double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(random_);
  }

  /// An allreduce of `bytes`: 14 messages in sequence, and 7/4 of the bytes on each link. The noise has
  /// median 1.
  Observation ring(double bytes) {
    const Exchange exchange{14, 1.75 * bytes, 1e-9 * bytes / 8};
    const double time_s =
        exchange.messages * link.alpha_s + exchange.bytes * link.beta_s_per_byte + exchange.fixed_s;
    return {.exchange = exchange, .time_s = time_s * std::exp(noise * normal())};
  }

  /// The message length whose transfer takes as long as its latency.
  double balance() const { return 14 * link.alpha_s / (1.75 * link.beta_s_per_byte); }

  /// Lengths from a 30th of that to 30 times, dominated by latency, by transfer, or by both.
  Observation mixed() { return ring(balance() * std::exp(uniform(-1, 1) * std::log(30.0))); }

  LinkModel link;
  double noise;

 private:
  std::mt19937_64 random_;
};

/// A random realistic network: 5 us to 50 ms, 10 Mbit/s to 100 Gbit/s.
inline LinkModel some_link(std::uint64_t seed) {
  std::mt19937_64 random(seed * 7919 + 1);
  std::uniform_real_distribution<double> part(0, 1);
  return {.alpha_s = 5e-6 * std::pow(1e4, part(random)),
          .beta_s_per_byte = 8e-11 * std::pow(1e4, part(random))};
}

}  // namespace pliant::test
