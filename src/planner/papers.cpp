#include "planner/papers.hpp"

#include <array>

#include "collectives/exchange.hpp"
#include "collectives/topology/binomial.hpp"

namespace pliant::papers {
namespace {

constexpr std::int64_t kScoreBytes = 4;  // var_* sends scores of 8, the paper counts 4

double dense_ring_s(const AllreduceShape& shape, const LinkModel& link) {
  return ring_s(shape.ranks, static_cast<double>(shape.bytes()), link);
}

double dense_tree_s(const AllreduceShape& shape, const LinkModel& link) {
  return tree_s(shape.ranks, static_cast<double>(shape.bytes()), link);
}

/// Eq. 4: a broadcast of the leader's indices, then a dense allreduce of the values.
template <double (*dense_s)(int ranks, double bytes, const LinkModel& link)>
double star_s(const AllreduceShape& shape, const LinkModel& link) {
  return broadcast_s(shape.ranks, static_cast<double>(shape.index_bytes()), link) +
         dense_s(shape.ranks, static_cast<double>(shape.kept_bytes()), link);
}

template <double (*dense_s)(int ranks, double bytes, const LinkModel& link)>
double var_s(const AllreduceShape& shape, const LinkModel& link) {
  return allgather_s(shape.ranks, kScoreBytes, link) + star_s<dense_s>(shape, link);
}

double allgather_topk_s(const AllreduceShape& shape, const LinkModel& link) {
  return allgather_s(shape.ranks, shape.index_bytes() + shape.kept_bytes(), link);
}

struct Formula {
  const AllreduceAlgorithm* algorithm;
  double (*cost_s)(const AllreduceShape& shape, const LinkModel& link);
};

constexpr std::array kFormulas = {
    Formula{&ring_allreduce, dense_ring_s},
    Formula{&tree_allreduce, dense_tree_s},
    Formula{&allgather_topk_allreduce, allgather_topk_s},
    Formula{&star_ring_allreduce, star_s<ring_s>},
    Formula{&star_tree_allreduce, star_s<tree_s>},
    Formula{&var_ring_allreduce, var_s<ring_s>},
    Formula{&var_tree_allreduce, var_s<tree_s>},
};

}  // namespace

double ring_s(int ranks, double bytes, const LinkModel& link) {
  return 2 * (ranks - 1) * (link.alpha_s + bytes / ranks * link.beta_s_per_byte);
}

double tree_s(int ranks, double bytes, const LinkModel& link) {
  return 2 * broadcast_s(ranks, bytes, link);
}

double broadcast_s(int ranks, double bytes, const LinkModel& link) {
  return binomial::rounds(ranks) * (link.alpha_s + bytes * link.beta_s_per_byte);
}

double cost_s(const AllreduceAlgorithm& algorithm, const AllreduceShape& shape, const LinkModel& link) {
  for (const Formula& formula : kFormulas)
    if (formula.algorithm == &algorithm) return formula.cost_s(shape, link);
  return kUnknown_s;
}

CandidateList rank(const AllreduceShape& shape, const AlgorithmFilter& filter, const LinkModel& link) {
  CandidateList list;
  for (const AllreduceAlgorithm* algorithm : algorithms()) {
    const double predicted_s = cost_s(*algorithm, shape, link);
    if (!filter.allows(*algorithm) || predicted_s == kUnknown_s) continue;
    list.items[list.used++] = {.algorithm = algorithm,
                               .predicted_s = predicted_s,
                               .kept = algorithm->exact ? shape.count : shape.kept};
  }
  sort_by_time(list);
  return list;
}

}  // namespace pliant::papers
