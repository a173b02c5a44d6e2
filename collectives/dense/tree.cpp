// Tree allreduce: binomial reduce to rank 0, then binomial broadcast from it.
//   P = 4:  reduce    1>0 3>2, then 2>0          broadcast  0>2, then 0>1 2>3
// Rounds 2 ceil(log2 P), each of all n bytes; all ranks together send 2(P-1)n. Exact. All ranks end with the
// bits of rank 0's sum, whose order of additions depends on P alone. Source: binomial trees as in Thakur,
// Rabenseifner and Gropp, Int. J. High Perform. Comput. Appl. 19(1), 2005.
#include "collectives/dense/dense.hpp"
#include "collectives/paper_costs.hpp"
#include "collectives/topology/binomial.hpp"

namespace pliant {
namespace {

double paper_cost_s(const AllreduceShape& shape, const LinkModel& link) {
  return paper::tree_s(shape.ranks, static_cast<double>(shape.bytes()), link);
}

double cost_s(const AllreduceShape& shape, const CostModel& model) {
  const double reduce_s = static_cast<double>(shape.bytes()) * model.compute.gamma_s_per_byte;
  return paper_cost_s(shape, model.link) + paper::rounds(shape.ranks) * reduce_s;
}

void reduce_to_root(AllreduceCall& call) {
  const int ranks = call.comm.ranks();
  const int v = call.comm.rank();
  const auto all = elements(call.data, 0, call.shape.count, call.shape.type);
  const ReduceFunction reduce = call.kernels.reduction(call.shape.type, call.op);
  std::byte* received = Workspace::room(call.workspace.receive, call.shape.bytes());
  for (int step = 1; step < binomial::step_limit(v, ranks); step *= 2) {
    if (v + step >= ranks) break;
    call.comm.receive({received, all.size()}, v + step);
    reduce(call.data, received, call.shape.count);
  }
  if (v != 0) call.comm.send(all, binomial::parent(v));
}

void run(AllreduceCall& call) {
  reduce_to_root(call);
  broadcast(call.comm, elements(call.data, 0, call.shape.count, call.shape.type), 0);
}

}  // namespace

void broadcast(Communicator& comm, std::span<std::byte> bytes, int root) {
  const int ranks = comm.ranks();
  const int v = binomial::relative(comm.rank(), root, ranks);
  if (v != 0) comm.receive(bytes, binomial::absolute(binomial::parent(v), root, ranks));
  for (int step = binomial::step_limit(v, ranks) / 2; step > 0; step /= 2)
    if (v + step < ranks) comm.send(bytes, binomial::absolute(v + step, root, ranks));
}

constinit const AllreduceAlgorithm tree_allreduce{
    .name = "tree",
    .summary = "binomial reduce + binomial broadcast; best for small messages, order of additions fixed",
    .exact = true,
    .deterministic = true,
    .supports = supports_all,
    .cost_s = cost_s,
    .paper_cost_s = paper_cost_s,
    .total_wire_bytes = dense_wire_bytes,
    .run = run,
};

}  // namespace pliant
