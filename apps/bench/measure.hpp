// The measurement loop. It alternates between the configurations, so that drift of the machine affects all of
// them equally.
#pragma once

#include <span>
#include <vector>

#include "apps/bench/configuration.hpp"
#include "apps/bench/options.hpp"
#include "apps/bench/result.hpp"

namespace pliant::bench {

/// Statistics over the iterations; the time of an iteration is the slowest rank's. Collective.
/// seconds: [iteration] on this rank; not empty.
Times slowest_rank(std::vector<double> seconds);

/// Measures one message length under every configuration, in their order. The result is equal on every rank.
/// Collective.
/// accelerator: the device that holds the message; null means host memory.
/// Throws apps::Refused, and Error if a device fails.
std::vector<Result> measure(std::int64_t count, std::span<const Configuration> configurations,
                            const Options& options, Accelerator* accelerator);

}  // namespace pliant::bench
