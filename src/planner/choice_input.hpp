// What the ranks know of one call when they decide: the one input of policies, candidates and choice. All of it is
// agreed on, so it is equal on all ranks.
#pragma once

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
  const Policy* policy = nullptr;    ///< null in calls that must be exact, and for who asks a policy directly
  AllreduceShape shape;              ///< `kept` is not set yet
  const CostModel* model = nullptr;  ///< never null
  bool may_lose = false;  ///< the call is one that lossy algorithms can do, and all ranks are ready for one
  double compute_s = 0;   ///< [s] between the previous operation's end and this one's begin, max over ranks
  double margin = 1;      ///< measured / predicted time that a budget is to allow for
  /// gain(k) of the tensor's error-fed gradient, min over ranks; null: not known yet.
  const GainModel* gain = nullptr;
  /// Not null: a policy's k is allgather_topk's, and each algorithm keeps as many elements as are equally good.
  const EquivalentDensity* equivalent = nullptr;
  bool resumable = false;      ///< other operations may be pending: MPI's own collectives would block them
  bool outstanding = false;    ///< an exact call would have to send a residual, too
  PolicyMemo* memo = nullptr;  ///< the tensor's last answers; null: nothing is remembered

  // What was learned; not for policies.
  bool distinct = false;  ///< leave out an algorithm that equals another allowed one on such hosts
  const Corrections* corrections = nullptr;       ///< of the formulas; null: they are believed
  const AllreduceAlgorithm* preferred = nullptr;  ///< taken if it is a candidate, whatever is predicted
  double preferred_factor = 1;                    ///< by which its formula is multiplied

  /// [s] that an exact call takes besides, to send the residual too.
  double drain_s() const {
    return outstanding ? static_cast<double>(shape.count) * model->compute.drain_s_per_element : 0;
  }
};

}  // namespace pliant
