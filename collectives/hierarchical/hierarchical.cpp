#include "collectives/hierarchical/hierarchical.hpp"

#include "collectives/dense/dense.hpp"

namespace pliant {

AllreduceCall call_between_hosts(AllreduceCall& call, std::int64_t begin, std::int64_t count) {
  Communicator& leaders = call.hosts->group().leaders();
  AllreduceShape shape = between_hosts(call.shape);
  shape.ranks = shape.hosts = leaders.ranks();
  shape.count = count;
  return {.comm = leaders,
          .workspace = call.workspace,
          .kernels = call.kernels,
          .shape = shape,
          .op = call.op,
          .tag = call.tag,
          .may_block = call.may_block,
          .data = elements(call.data, begin, count, shape.type).data(),
          .step = call.step,
          .own = {},
          .outcome = {}};
}

}  // namespace pliant
