#include "collectives/sparse/leader.hpp"

#include "collectives/dense/dense.hpp"
#include "collectives/paper_costs.hpp"
#include "collectives/sparse/messages.hpp"
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
  const MessageCost message = message_cost(shape, model, false);
  const double pass_s = model.compute.select_s_per_element + model.compute.apply_s_per_element;
  const double pairs_s =
      2 * static_cast<double>(shape.kept) * model.compute.pair_s_per_element;  // take, scatter
  return paper::broadcast_s(shape.ranks, message.bytes, model.link) + 2 * message.codec_s +
         dense.cost_s(values_shape(shape), model) + static_cast<double>(shape.count) * pass_s + pairs_s;
}

std::int64_t total_wire_bytes(const AllreduceShape& shape) {
  return broadcast_wire_bytes(shape.ranks, predicted_bytes(shape, false)) +
         dense_wire_bytes(values_shape(shape));
}

void reduce_at_leader(AllreduceCall& call, int root, const AllreduceAlgorithm& dense) {
  {
    const CompressTimer timer(call.outcome.compress_s);
    feed(call);
  }
  const std::uint32_t* const indices = broadcast_indices(call, root);
  auto* const gathered = call.workspace.values.of<float>(call.shape.kept);
  {
    const CompressTimer timer(call.outcome.compress_s);
    const double total_squared = call.outcome.selection.total_squared;
    call.outcome.selection = call.kernels.take(call.residual, indices, call.shape.kept, gathered);
    call.outcome.selection.total_squared = total_squared;
  }
  AllreduceCall values{.comm = call.comm,
                       .workspace = call.workspace,
                       .kernels = call.kernels,
                       .shape = values_shape(call.shape),
                       .data = reinterpret_cast<std::byte*>(gathered),
                       .own = {},
                       .outcome = {}};
  dense.run(values);

  const CompressTimer timer(call.outcome.compress_s);
  clear_result(call);
  call.kernels.scatter_add(reinterpret_cast<float*>(call.data), indices, gathered, call.shape.kept);
}

}  // namespace pliant::leader
