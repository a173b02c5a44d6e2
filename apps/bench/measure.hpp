// The measurement: every configuration once, then again, so that drift of the machine meets all of them
// alike.
#pragma once

#include <span>
#include <vector>

#include "apps/bench/configuration.hpp"
#include "apps/bench/options.hpp"
#include "apps/bench/result.hpp"

namespace pliant::bench {

/// Spread of these times over the iterations, each iteration's being the slowest rank's. Collective.
/// seconds: [iteration] on this rank; not empty.
Times slowest_rank(std::vector<double> seconds);

/// One message length under every configuration, in their order; the same on every rank. Collective.
/// Throws apps::Refused.
std::vector<Result> measure(std::int64_t count, std::span<const Configuration> configurations,
                            const Options& options);

}  // namespace pliant::bench
