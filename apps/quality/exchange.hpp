// The lossy allreduces of all ranks, played by one process: no message travels, but selection, error feedback
// and unions are the library's own, so that each step leaves the residuals that real ranks would hold.
#pragma once

#include <cstdint>
#include <vector>

#include "collectives/allreduce.hpp"
#include "collectives/sparse/quota_union.hpp"

namespace pliant::quality {

/// What a step is to send.
struct Pair {
  Family family = Family::own;
  std::int64_t kept = 1;
};

class SimulatedExchange {
 public:
  SimulatedExchange(int ranks, std::int64_t count);

  /// A step begins. looked_at: staleness() will be asked for.
  void begin(Pair pair, bool looked_at);
  /// The gradient [count] of the next rank.
  void take_in(const float* gradient);
  /// After the last rank's: ||sum of error-fed gradients|| / ||sum of gradients||, over all elements, and
  /// over the library's sample of them.
  struct Staleness {
    double whole = 0;
    double sampled = 0;
  };
  Staleness staleness() const;
  /// sum[count]: what an algorithm of the family gives all ranks. `own` is allgather_topk, `sum` oktopk. The
  /// step ends.
  void finish(float* sum);

 private:
  /// A rank's selection, copied.
  struct Own {
    std::vector<std::uint32_t> indices;
    std::vector<float> values;
  };

  /// Elements that the rank selects at this step; 0: it does not select.
  std::int64_t wanted(int rank) const;
  void add_own(float* sum);
  void add_sum(float* sum);
  std::vector<std::uint32_t> nominated();
  std::size_t heaviest() const;
  /// Of every rank, the elements at these places: out of its residual, into sum.
  void take_at(const std::vector<std::uint32_t>& places, float* sum);

  int ranks_;
  std::int64_t count_;
  const Kernels& kernels_;
  SelectWorkspace workspace_;
  std::vector<std::vector<float>> residuals_;  ///< [ranks][count]
  std::int64_t step_ = 0;
  Pair pair_;
  int rank_ = 0;                       ///< whose gradient comes next
  std::vector<Own> own_;               ///< [ranks]
  bool looked_at_ = false;             ///< the next two are filled
  std::vector<float> gradient_, fed_;  ///< [count] sums over ranks
  std::vector<float> values_;
};

}  // namespace pliant::quality
