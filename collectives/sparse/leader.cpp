#include "collectives/sparse/leader.hpp"

#include "collectives/dense/dense.hpp"
#include "collectives/paper_costs.hpp"
#include "collectives/sparse/sparse.hpp"

namespace pliant::leader {

AllreduceShape values_shape(const AllreduceShape& shape) {
  AllreduceShape values = shape;
  values.count = shape.kept;
  return values;
}

double paper_cost_s(const AllreduceShape& shape, const LinkModel& link, double dense_s) {
  return paper::broadcast_s(shape.ranks, static_cast<double>(shape.index_bytes()), link) + dense_s;
}

double cost_s(const AllreduceShape& shape, const CostModel& model, const AllreduceAlgorithm& dense) {
  const double pass_s = model.compute.select_s_per_element + model.compute.apply_s_per_element;
  const double pairs_s =
      2 * static_cast<double>(shape.kept) * model.compute.pair_s_per_element;  // take, scatter
  return paper_cost_s(shape, model.link, dense.cost_s(values_shape(shape), model)) +
         static_cast<double>(shape.count) * pass_s + pairs_s;
}

std::int64_t total_wire_bytes(const AllreduceShape& shape) {
  return broadcast_wire_bytes(shape.ranks, shape.index_bytes()) + dense_wire_bytes(values_shape(shape));
}

void reduce_at_leader(AllreduceCall& call, int root, const AllreduceAlgorithm& dense) {
  const auto kept = static_cast<std::size_t>(call.shape.kept);
  if (call.workspace.indices.size() < kept) call.workspace.indices.resize(kept);
  if (call.workspace.values.size() < kept) call.workspace.values.resize(kept);
  broadcast(call.comm, std::as_writable_bytes(std::span(call.workspace.indices).first(kept)), root);
  {
    const CompressTimer timer(call.outcome.compress_s);
    call.outcome.selection = call.kernels.take(call.residual, call.workspace.indices.data(), call.shape.kept,
                                               call.workspace.values.data());
  }
  AllreduceCall values{.comm = call.comm,
                       .workspace = call.workspace,
                       .kernels = call.kernels,
                       .shape = values_shape(call.shape),
                       .data = reinterpret_cast<std::byte*>(call.workspace.values.data()),
                       .outcome = {}};
  dense.run(values);

  const CompressTimer timer(call.outcome.compress_s);
  clear_result(call);
  call.kernels.scatter_add(reinterpret_cast<float*>(call.data), call.workspace.indices.data(),
                           call.workspace.values.data(), call.shape.kept);
}

}  // namespace pliant::leader
