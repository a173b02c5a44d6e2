#include "collectives/two_level/two_level.hpp"

#include "collectives/dense/dense.hpp"

namespace pliant {

AllreduceCall call_between_hosts(AllreduceCall& call, std::int64_t begin, std::int64_t count) {
  AllreduceShape shape = between_hosts(call.shape);
  shape.ranks = shape.hosts = call.hosts->leaders().ranks();
  shape.count = count;
  return {.comm = call.hosts->leaders(),
          .workspace = call.workspace,
          .kernels = call.kernels,
          .shape = shape,
          .op = call.op,
          .tag = call.tag,
          .data = elements(call.data, begin, count, shape.type).data(),
          .step = call.step,
          .own = {},
          .outcome = {}};
}

Task run_between_hosts(AllreduceCall& call, AllreduceCall& between, const AllreduceAlgorithm& algorithm) {
  const Traffic before = between.comm.traffic();
  co_await algorithm.run(between);
  call.comm.count_sent(between.comm.traffic() - before);
}

}  // namespace pliant
