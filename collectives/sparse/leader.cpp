#include "collectives/sparse/leader.hpp"

#include "collectives/dense/dense.hpp"
#include "collectives/sparse/messages.hpp"
#include "collectives/sparse/sparse.hpp"
#include "kernels/long_vectors.hpp"

namespace pliant::leader {
namespace {

/// Dense allreduce of the values as they become available. It starts after this rank has passed the indices
/// on: ranks behind it wait for these, and values would precede them on the same link.
Task reduce_values(AllreduceCall& values, const AllreduceAlgorithm& dense, const IndexStream& stream) {
  const auto passed_on = [&] { return stream.passed_on; };
  co_await until(passed_on);
  const auto all_there = [&] { return stream.available == values.shape.count; };
  if (!dense.streams) co_await until(all_there);
  co_await dense.run(values);
}

}  // namespace

AllreduceShape values_shape(const AllreduceShape& shape) {
  AllreduceShape values = shape;
  values.count = shape.kept;
  return values;
}

double cost_s(const AllreduceShape& shape, const CostModel& model, const AllreduceAlgorithm& dense) {
  const double pass_s = model.compute.select_s_per_element + model.compute.apply_s_per_element;
  const double pairs_s =
      2 * static_cast<double>(shape.kept) * model.compute.pair_s_per_element;  // take, scatter
  return stream_indices_s(shape, model) + dense.cost_s(values_shape(shape), model) +
         static_cast<double>(shape.count) * pass_s + pairs_s;
}

Tuning tuned(const AllreduceShape& shape, const CostModel& model, const AllreduceAlgorithm& dense) {
  return {.segment_bytes = tuned_for(dense, values_shape(shape), model).segment_bytes,
          .route = index_route(shape, model)};
}

Traffic sent(const AllreduceShape& shape, int rank, int root, const AllreduceAlgorithm& dense) {
  return stream_indices_sent(shape, rank, root) + dense.sent(values_shape(shape), rank);
}

Task reduce_at_leader(AllreduceCall& call, int root, const AllreduceAlgorithm& dense) {
  PutBack put_back(call);
  {
    const CompressTimer timer(call.outcome.compress_s);
    feed(call);
    clear_result(call);
  }
  IndexStream stream{
      .root = root, .indices = call.own.indices, .values = call.workspace.values.of<float>(call.shape.kept)};
  if (call.comm.rank() != root) stream.indices = call.workspace.indices.of<std::uint32_t>(call.shape.kept);
  AllreduceCall values{.comm = call.comm,
                       .workspace = call.workspace,
                       .kernels = call.kernels,
                       .shape = values_shape(call.shape),
                       .tag = call.tag,
                       .data = reinterpret_cast<std::byte*>(stream.values),
                       .telemetry = call.telemetry,
                       .available = &stream.available,
                       .own = {},
                       .outcome = {}};
  co_await together(call, stream_indices(call, stream), reduce_values(values, dense, stream));
  put_back.nothing();

  const CompressTimer timer(call.outcome.compress_s);
  scatter_add(call.kernels, reinterpret_cast<float*>(call.data), stream.indices, stream.values,
              call.shape.kept, call.workspace.select);
}

}  // namespace pliant::leader
