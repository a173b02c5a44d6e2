#include "collectives/sparse/sparse.hpp"

#include <mpi.h>

#include <cstring>

namespace pliant {

bool supports_sparse(const AllreduceShape& shape) {
  return shape.type == ElementType::float32 && shape.count > 0 && shape.count <= (std::int64_t{1} << 32);
}

CompressTimer::CompressTimer(double& total_s) : total_s_(total_s), begin_s_(MPI_Wtime()) {}

CompressTimer::~CompressTimer() {
  total_s_ += MPI_Wtime() - begin_s_;
}

Selection select_own(AllreduceCall& call) {
  const auto kept = static_cast<std::size_t>(call.shape.kept);
  if (call.workspace.indices.size() < kept) call.workspace.indices.resize(kept);
  if (call.workspace.values.size() < kept) call.workspace.values.resize(kept);
  return call.kernels.select_topk(call.residual, call.shape.count, call.shape.kept,
                                  call.workspace.indices.data(), call.workspace.values.data(),
                                  call.workspace.select);
}

void clear_result(AllreduceCall& call) {
  std::memset(call.data, 0, static_cast<std::size_t>(call.shape.bytes()));
}

}  // namespace pliant
