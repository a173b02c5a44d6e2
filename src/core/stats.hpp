// Order statistics of small samples.
#pragma once

#include <vector>

namespace pliant {

/// The q-quantile (q in [0, 1]), interpolated linearly between neighbours (type 7 of Hyndman and Fan, 1996).
/// NaN for an empty sample.
double quantile(std::vector<double> sample, double q);

double median(std::vector<double> sample);

}  // namespace pliant
