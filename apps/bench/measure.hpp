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
/// accelerator: whose memory the message is in; null: in the host's. Throws apps::Refused, and Error for what
/// a device fails to do.
std::vector<Result> measure(std::int64_t count, std::span<const Configuration> configurations,
                            const Options& options, Accelerator* accelerator);

}  // namespace pliant::bench
