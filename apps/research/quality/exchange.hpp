// The lossy allreduces of all ranks, simulated in one process without messages. Selection, error feedback and
// unions are the library's own, so each step leaves the residuals that real ranks would hold.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "collectives/allreduce.hpp"
#include "collectives/sparse/quota_union.hpp"

namespace pliant::quality {

/// Selection rule and number of elements of a step.
struct Pair {
  std::optional<SelectionRule> rule = SelectionRule::own;  ///< nullopt: everything is sent
  std::int64_t kept = 1;
};

class SimulatedExchange {
 public:
  SimulatedExchange(int ranks, std::int64_t count);

  /// Begins a step. Set `looked_at` to call `staleness()` in it.
  void begin(Pair pair, bool looked_at);
  /// Takes the gradient [count] of the next rank.
  void take_in(const float* gradient);
  /// Call after the last rank: ||sum of error-fed gradients|| / ||sum of gradients||.
  double staleness() const;
  /// Ends the step. sum[count]: result of an algorithm with the selection rule, equal on all ranks. `own`
  /// stands for allgather_topk, `sum` for oktopk.
  void finish(float* sum);

 private:
  void send_all(float* sum);
  void send_by(SelectionRule rule, float* sum);
  /// A copy of a rank's selection.
  struct Own {
    std::vector<std::uint32_t> indices;
    std::vector<float> values;
  };

  /// Elements that the rank selects in this step; 0 if it does not select.
  std::int64_t wanted(int rank) const;
  void add_own(float* sum);
  void add_sum(float* sum);
  std::vector<std::uint32_t> nominated();
  std::size_t heaviest() const;
  /// Takes the elements at these places from every rank's residual and adds them to sum.
  void take_at(const std::vector<std::uint32_t>& places, float* sum);

  int ranks_;
  std::int64_t count_;
  const Kernels& kernels_;
  SelectWorkspace workspace_;
  std::vector<std::vector<float>> residuals_;  ///< [ranks][count]
  std::int64_t step_ = 0;
  Pair pair_;
  int rank_ = 0;                       ///< the rank whose gradient comes next
  std::vector<Own> own_;               ///< [ranks]
  bool looked_at_ = false;             ///< whether the next two are filled
  std::vector<float> gradient_, fed_;  ///< [count] sums over ranks
  std::vector<float> values_;
};

}  // namespace pliant::quality
