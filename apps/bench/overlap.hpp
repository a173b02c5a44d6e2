// How much of a computation hides behind a nonblocking allreduce.
#pragma once

#include <span>
#include <vector>

#include "apps/bench/configuration.hpp"
#include "apps/bench/options.hpp"
#include "apps/bench/result.hpp"

namespace pliant::bench {

/// One Overlap for each reduction, in their order; the same on every rank. Collective. Throws apps::Refused.
///
/// The computation runs on every rank, and is calibrated while all ranks compute, so that ranks that share a
/// core do so in every one of the three times.
///
/// reductions: nonblocking ones that have run before
/// times: theirs by Start and Wait alone, whose medians the computation is to take
std::vector<Overlap> measure_overlap(std::span<Reduction> reductions, std::span<const Times> times,
                                     const Options& options);

}  // namespace pliant::bench
