#include "mpi/datatype.hpp"

namespace pliant {

std::optional<ElementType> element_type(MPI_Datatype datatype) {
  if (datatype == MPI_FLOAT) return ElementType::float32;
  if (datatype == MPI_DOUBLE) return ElementType::float64;
  if (datatype == MPI_INT32_T || (datatype == MPI_INT && sizeof(int) == 4)) return ElementType::int32;
  if (datatype == MPI_INT64_T || datatype == MPI_LONG_LONG || (datatype == MPI_LONG && sizeof(long) == 8))
    return ElementType::int64;
  return std::nullopt;
}

std::optional<ReduceOp> reduce_op(MPI_Op op) {
  if (op == MPI_SUM) return ReduceOp::sum;
  if (op == MPI_MIN) return ReduceOp::min;
  if (op == MPI_MAX) return ReduceOp::max;
  if (op == MPI_PROD) return ReduceOp::prod;
  return std::nullopt;
}

MPI_Datatype mpi_datatype(ElementType type) {
  switch (type) {
    case ElementType::float32:
      return MPI_FLOAT;
    case ElementType::float64:
      return MPI_DOUBLE;
    case ElementType::int32:
      return MPI_INT32_T;
    case ElementType::int64:
      return MPI_INT64_T;
  }
  return MPI_DATATYPE_NULL;
}

MPI_Op mpi_op(ReduceOp op) {
  switch (op) {
    case ReduceOp::sum:
      return MPI_SUM;
    case ReduceOp::min:
      return MPI_MIN;
    case ReduceOp::max:
      return MPI_MAX;
    case ReduceOp::prod:
      return MPI_PROD;
  }
  return MPI_OP_NULL;
}

}  // namespace pliant
