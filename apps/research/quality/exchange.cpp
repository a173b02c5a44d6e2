#include "apps/research/quality/exchange.hpp"

#include <algorithm>
#include <cmath>

namespace pliant::quality {

SimulatedExchange::SimulatedExchange(int ranks, std::int64_t count)
    : ranks_(ranks),
      count_(count),
      kernels_(choose_kernels("auto")),
      residuals_(static_cast<std::size_t>(ranks), std::vector<float>(static_cast<std::size_t>(count))),
      own_(static_cast<std::size_t>(ranks)),
      gradient_(static_cast<std::size_t>(count)),
      fed_(static_cast<std::size_t>(count)) {}

void SimulatedExchange::begin(Pair pair, bool looked_at) {
  pair_ = pair;
  rank_ = 0;
  looked_at_ = looked_at;
  std::fill(gradient_.begin(), gradient_.end(), 0.0F);
  std::fill(fed_.begin(), fed_.end(), 0.0F);
}

std::int64_t SimulatedExchange::wanted(int rank) const {
  if (!pair_.rule) return 0;
  if (pair_.rule == SelectionRule::turn) return rank == step_ % ranks_ ? pair_.kept : 0;
  if (pair_.rule == SelectionRule::quota) return quota::Quotas(pair_.kept, ranks_, step_).of(rank).all();
  return pair_.kept;
}

void SimulatedExchange::take_in(const float* gradient) {
  const auto rank = static_cast<std::size_t>(rank_);
  std::vector<float>& residual = residuals_[rank];
  const ReduceFunction add = kernels_.reduction(ElementType::float32, ReduceOp::sum);
  if (looked_at_) {
    add(gradient_.data(), gradient, count_);
    add(fed_.data(), gradient, count_);
    add(fed_.data(), residual.data(), count_);
  }
  const std::int64_t kept = wanted(rank_++);
  if (kept == 0) {
    kernels_.accumulate(residual.data(), gradient, count_, workspace_);
    own_[rank] = {};
    return;
  }
  SelectCall<float> call{.residual = residual.data(),
                         .gradient = gradient,
                         .count = count_,
                         .kept = kept,
                         .take = pair_.rule == SelectionRule::own};
  kernels_.select_float(call, workspace_);
  own_[rank] = {{call.indices, call.indices + kept}, {call.values, call.values + kept}};
}

void SimulatedExchange::add_own(float* sum) {
  for (const Own& own : own_)
    kernels_.scatter_add(sum, own.indices.data(), own.values.data(),
                         static_cast<std::int64_t>(own.indices.size()));
}

/// Selects from the sum of all ranks' top-k. Each rank sends those of its own top-k that were chosen.
void SimulatedExchange::add_sum(float* sum) {
  add_own(sum);
  std::vector<float> all(sum, sum + count_);
  SelectCall<float> chosen{.residual = all.data(), .count = count_, .kept = pair_.kept};
  kernels_.select_float(chosen, workspace_);
  std::fill_n(sum, count_, 0.0F);
  kernels_.scatter_add(sum, chosen.indices, chosen.values, pair_.kept);
  values_.resize(static_cast<std::size_t>(pair_.kept));
  for (std::size_t rank = 0; rank < own_.size(); ++rank) {
    auto& own = own_[rank].indices;
    const auto end = std::set_intersection(own.begin(), own.end(), chosen.indices,
                                           chosen.indices + pair_.kept, own.begin());
    kernels_.take(residuals_[rank].data(), own.data(), end - own.begin(), values_.data());
  }
}

std::vector<std::uint32_t> SimulatedExchange::nominated() {
  const quota::Quotas quotas(pair_.kept, ranks_, step_);
  std::vector<std::uint32_t> nominations(static_cast<std::size_t>(quotas.room()));
  std::vector<std::uint32_t> magnitudes(static_cast<std::size_t>(quotas.most().all()));
  for (int rank = 0; rank < ranks_; ++rank) {
    const Own& own = own_[static_cast<std::size_t>(rank)];
    const quota::Picked picked{own.indices.data(), own.values.data(),
                               static_cast<std::int64_t>(own.indices.size())};
    quota::nominate(quotas, rank, picked, magnitudes.data(), nominations.data());
  }
  std::vector<std::uint64_t> turns(static_cast<std::size_t>(quotas.reserves()));
  std::vector<std::uint32_t> places(static_cast<std::size_t>(pair_.kept));
  quota::unite(quotas, nominations.data(), turns.data(), places.data());
  return places;
}

std::size_t SimulatedExchange::heaviest() const {
  std::vector<double> weights;
  for (const Own& own : own_) weights.push_back(kernels_.squared_norm(own.values.data(), pair_.kept));
  return static_cast<std::size_t>(std::max_element(weights.begin(), weights.end()) - weights.begin());
}

void SimulatedExchange::take_at(const std::vector<std::uint32_t>& places, float* sum) {
  values_.resize(places.size());
  for (auto& residual : residuals_) {
    kernels_.take(residual.data(), places.data(), pair_.kept, values_.data());
    kernels_.scatter_add(sum, places.data(), values_.data(), pair_.kept);
  }
}

void SimulatedExchange::send_all(float* sum) {
  for (auto& residual : residuals_) {
    kernels_.reduction(ElementType::float32, ReduceOp::sum)(sum, residual.data(), count_);
    std::fill(residual.begin(), residual.end(), 0.0F);
  }
}

void SimulatedExchange::send_by(SelectionRule rule, float* sum) {
  switch (rule) {
    case SelectionRule::own:
      return add_own(sum);
    case SelectionRule::sum:
      return add_sum(sum);
    case SelectionRule::quota:
      return take_at(nominated(), sum);
    case SelectionRule::turn:
      return take_at(own_[static_cast<std::size_t>(step_ % ranks_)].indices, sum);
    case SelectionRule::heaviest:
      return take_at(own_[heaviest()].indices, sum);
  }
}

void SimulatedExchange::finish(float* sum) {
  std::fill_n(sum, count_, 0.0F);
  if (pair_.rule) {
    send_by(*pair_.rule, sum);
  } else {
    send_all(sum);
  }
  ++step_;
}

double SimulatedExchange::staleness() const {
  return std::sqrt(kernels_.squared_norm(fed_.data(), count_) /
                   kernels_.squared_norm(gradient_.data(), count_));
}

}  // namespace pliant::quality
