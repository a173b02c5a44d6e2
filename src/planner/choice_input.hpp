// The facts by which ranks decide about one call: the input of policies and decisions. All are agreed on, so they are
// equal on all ranks.
#pragma once

#include <optional>

#include "collectives/allreduce.hpp"
#include "compress/gain_model.hpp"
#include "core/config.hpp"
#include "planner/algorithm_filter.hpp"
#include "planner/correction.hpp"
#include "planner/equivalent_density.hpp"

namespace pliant {

class PolicyMemo;
struct Policy;

struct ChoiceInput {
  const Settings& settings;
  const AlgorithmFilter& filter;
  const Policy* policy = nullptr;    ///< asked by decide() if the call may lose anything; else it may be null
  AllreduceShape shape;              ///< `kept` is not set yet
  const CostModel* model = nullptr;  ///< never null
  bool may_lose = false;             ///< lossy algorithms can do the call, and all ranks are ready for one
  double compute_s = 0;  ///< [s] from the previous operation's end to this one's begin, max over ranks
  double margin = 1;     ///< measured / predicted time that a budget allows for
  /// gain(k) of the tensor's error-fed gradient, min over ranks; null until it is known.
  const GainModel* gain = nullptr;
  /// k counts elements of allgather_topk, and each algorithm keeps its equivalent number; nullopt: all keep k.
  std::optional<EquivalentDensity> equivalent = {};
  bool resumable = false;      ///< other operations may be pending: MPI's own collectives would block them
  bool outstanding = false;    ///< an exact call would have to send a residual, too
  PolicyMemo* memo = nullptr;  ///< the tensor's last answers; null: nothing is remembered

  // Learned facts, which policies do not read.
  const Corrections* corrections = nullptr;       ///< factors of the formulas; null: all are 1
  const AllreduceAlgorithm* preferred = nullptr;  ///< chosen if it is a candidate, whatever is predicted
  double preferred_factor = 1;                    ///< multiplies its formula

  /// [s] by which an exact call takes longer because it sends the residual, too.
  double drain_s() const {
    return outstanding ? static_cast<double>(shape.count) * model->compute.drain_s_per_element : 0;
  }
};

}  // namespace pliant
