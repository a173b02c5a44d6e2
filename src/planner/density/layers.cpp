#include "planner/density/layers.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "compress/topk.hpp"

namespace pliant {
namespace {

using Layers = std::span<const std::vector<LayerOption>>;

/// The option of a tensor with fewest bytes. Of equal ones, the one with the least error.
std::size_t shortest(const std::vector<LayerOption>& options) {
  const auto least =
      std::min_element(options.begin(), options.end(), [](const LayerOption& a, const LayerOption& b) {
        return a.bytes != b.bytes ? a.bytes < b.bytes : a.squared_error < b.squared_error;
      });
  return static_cast<std::size_t>(least - options.begin());
}

/// dp[u]: the least squared error of the tensors so far in at most u units. by_tensor[i][u]: the option that
/// gives it.
class Table {
 public:
  Table(std::size_t tensors, int units)
      : row_(static_cast<std::size_t>(units) + 1), by_tensor_(tensors * row_), error_(row_, 0.0) {}

  /// units_of(option): the units of an option of this tensor beyond those of its shortest option.
  template <class UnitsOf>
  void add(std::size_t tensor, const std::vector<LayerOption>& options, UnitsOf&& units_of) {
    next_.assign(row_, std::numeric_limits<double>::infinity());
    for (std::size_t j = 0; j < options.size(); ++j) {
      const double units = units_of(options[j]);
      if (units >= static_cast<double>(row_)) continue;
      const auto taken = static_cast<std::size_t>(units);
      for (std::size_t u = taken; u < row_; ++u) {
        const double error = error_[u - taken] + options[j].squared_error;
        if (error >= next_[u]) continue;
        next_[u] = error;
        option(tensor, u) = static_cast<std::uint16_t>(j);
      }
    }
    error_.swap(next_);
  }

  std::uint16_t& option(std::size_t tensor, std::size_t units) { return by_tensor_[tensor * row_ + units]; }

  /// The smallest number of units with the least error.
  std::size_t best() const {
    return static_cast<std::size_t>(std::min_element(error_.begin(), error_.end()) - error_.begin());
  }

 private:
  std::size_t row_;
  std::vector<std::uint16_t> by_tensor_;
  std::vector<double> error_;
  std::vector<double> next_;
};

LayerChoice sum_of(Layers layers, std::vector<std::size_t> chosen, bool feasible) {
  LayerChoice choice{.chosen = std::move(chosen), .feasible = feasible};
  for (std::size_t i = 0; i < layers.size(); ++i) {
    choice.bytes += layers[i][choice.chosen[i]].bytes;
    choice.squared_error += layers[i][choice.chosen[i]].squared_error;
  }
  return choice;
}

}  // namespace

std::vector<LayerOption> layer_options(const GainCurve& curve, const LayerGrid& grid) {
  std::int64_t count = 0;
  for (const GainCurve::Bucket& bucket : curve.buckets) count += bucket.count;
  std::vector<LayerOption> options;
  for (const double density : grid.densities)
    for (const ValueCodec* codec : grid.codecs) {
      const std::int64_t kept = kept_count(count, density);
      options.push_back(
          {.kept = kept,
           .codec = codec,
           .bytes = predicted_message_bytes({count, kept}, *grid.indices, codec),
           .squared_error = curve.total_squared * (1 - curve.at(kept)) + codec->squared_error(curve, kept)});
    }
  return options;
}

LayerChoice choose_layers(Layers layers, double budget_bytes, int units) {
  std::vector<std::size_t> chosen(layers.size());
  std::vector<double> least(layers.size());
  double left = budget_bytes;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    chosen[i] = shortest(layers[i]);
    left -= least[i] = layers[i][chosen[i]].bytes;
  }
  if (!(left > 0)) return sum_of(layers, std::move(chosen), left == 0);

  Table table(layers.size(), units);
  const auto units_of = [&](std::size_t tensor) {
    return [=, least_bytes = least[tensor]](const LayerOption& option) {
      return std::ceil((option.bytes - least_bytes) / left * units);
    };
  };
  for (std::size_t i = 0; i < layers.size(); ++i) table.add(i, layers[i], units_of(i));
  std::size_t at = table.best();
  for (std::size_t i = layers.size(); i-- > 0;) {
    chosen[i] = table.option(i, at);
    at -= static_cast<std::size_t>(units_of(i)(layers[i][chosen[i]]));
  }
  return sum_of(layers, std::move(chosen), true);
}

}  // namespace pliant
