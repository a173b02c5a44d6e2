// two_level_* of the lossy kind: dense inside hosts, sparse between them. The error-fed gradients of a host's
// ranks are summed onto its leader. The leader's residual takes over everything that is not sent, and those
// of the other ranks become zero. Leaders run the lossy algorithm; the result is handed out inside hosts.
//
// Bytes sent by a leader: those of the algorithm with as many ranks as there are hosts, each of which sends k
// elements. Other ranks send none. Nothing is lost: for each host, sent + the leader's residual is the sum of
// its error-fed gradients. All ranks end with the same bits, since leaders do. With one host, the result is
// the k largest elements of its sum. The cost assumes that every link is as slow as the slowest, and that
// every host has the most ranks of any.
#include "collectives/sparse/sparse.hpp"

#include <algorithm>
#include <utility>

#include "collectives/hierarchical/hierarchical.hpp"
#include "collectives/hierarchical/in_host.hpp"

namespace pliant {
namespace {

double cost_s(const AllreduceShape& shape, const CostModel& model, const AllreduceAlgorithm& sparse) {
  return static_cast<double>(shape.count) * model.compute.drain_s_per_element + sum_in_host_s(shape, model) +
         sparse.cost_s(between_hosts(shape), model) + spread_in_host_s(shape, model);
}

/// data = this rank's error-fed gradient, residual = 0.
void empty_residual(AllreduceCall& call) {
  const CompressTimer timer(call.outcome.compress_s);
  auto* const fed = reinterpret_cast<float*>(call.data);
  const std::int64_t count = call.shape.count;
  if (call.gradient != nullptr) {
    call.kernels.drain(fed, call.gradient, call.residual, count, call.workspace.select);
  } else {
    std::copy_n(call.residual, count, fed);
    std::fill_n(call.residual, count, 0.0F);
  }
  call.gradient = nullptr;
}

/// Leaders only. If the host has several ranks, their sum is in `data`, and a selection that this rank has
/// made of its own gradient is not the host's.
Task send_between_hosts(AllreduceCall& call, const AllreduceAlgorithm& sparse) {
  AllreduceCall between = call_between_hosts(call, 0, call.shape.count);
  between.residual = call.residual;
  if (call.hosts->group().local_ranks() > 1) {
    between.gradient = reinterpret_cast<const float*>(call.data);
    between.outcome.compress_s = call.outcome.compress_s;
  } else {
    between.gradient = std::exchange(call.gradient, nullptr);
    between.own = call.own;
    between.outcome = call.outcome;
  }
  co_await sparse.run(between);
  call.outcome = between.outcome;
}

Task send_in_two_levels(AllreduceCall& call, const AllreduceAlgorithm& sparse) {
  const HostGroup& group = call.hosts->group();
  std::int64_t available = 0;
  if (group.local_ranks() > 1) {
    empty_residual(call);
    co_await sum_in_host(call, Takers::leader, available);
    call.outcome.selection = {};
  }
  if (group.leads()) co_await send_between_hosts(call, sparse);
  available = call.shape.count;
  co_await spread_in_host(call, available);
}

template <const AllreduceAlgorithm& sparse>
constexpr AllreduceAlgorithm hierarchical(std::string_view name, std::string_view summary,
                                          SelectionRule rule) {
  return {
      .name = name,
      .summary = summary,
      .exact = false,
      .deterministic = false,
      .supports = supports_sparse,
      .cost_s =
          [](const AllreduceShape& shape, const CostModel& model) {
            return shares_hosts(shape) ? cost_s(shape, model, sparse) : sparse.cost_s(shape, model);
          },
      .tuned = [](const AllreduceShape& shape,
                  const CostModel& model) { return tuned_for(sparse, between_hosts(shape), model).tuning(); },
      // The first ranks stand for the leaders: the shape does not say which ranks lead.
      .sent =
          [](const AllreduceShape& shape, int rank) {
            return rank < shape.hosts ? sparse.sent(between_hosts(shape), rank) : Traffic{};
          },
      .run =
          [](AllreduceCall& call) {
            return call.hosts != nullptr ? send_in_two_levels(call, sparse) : sparse.run(call);
          },
      .two_level = true,
      .stands_out = shares_hosts,
      .rule = rule,
  };
}

}  // namespace

constinit const AllreduceAlgorithm two_level_allgather_topk_allreduce =
    hierarchical<allgather_topk_allreduce>(
        "two_level_allgather_topk", "sums inside hosts, their top-k to every host", SelectionRule::own);
constinit const AllreduceAlgorithm two_level_star_ring_allreduce = hierarchical<star_ring_allreduce>(
    "two_level_star_ring",
    "sums inside hosts, a rotating host's indices, values reduced by ring between hosts",
    SelectionRule::turn);

}  // namespace pliant
