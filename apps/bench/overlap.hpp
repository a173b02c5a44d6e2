// Measures how much of a computation hides behind a nonblocking allreduce.
#pragma once

#include <span>
#include <vector>

#include "apps/bench/configuration.hpp"
#include "apps/bench/options.hpp"
#include "apps/bench/result.hpp"

namespace pliant::bench {

/// Returns one Overlap for each reduction, in their order, equal on every rank. Collective. Throws
/// apps::Refused.
///
/// The computation runs on every rank, and is calibrated while all ranks compute. So ranks that share a core
/// share it in all three times.
///
/// reductions: nonblocking, and each has run before
/// times: of each by Start and Wait alone; the computation is calibrated to the median
std::vector<Overlap> measure_overlap(std::span<Reduction> reductions, std::span<const Times> times,
                                     const Options& options);

}  // namespace pliant::bench
