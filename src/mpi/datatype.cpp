#include "mpi/datatype.hpp"

#include <utility>

#include "core/error.hpp"
#include "mpi/check.hpp"

namespace pliant {
namespace {

/// MPI's own datatypes cannot be freed, and reductions recognise them by their handle.
bool is_predefined(MPI_Datatype datatype) {
  int integers = 0;
  int addresses = 0;
  int datatypes = 0;
  int combiner = MPI_COMBINER_NAMED;
  check_users("MPI_Type_get_envelope",
              [&] { return MPI_Type_get_envelope(datatype, &integers, &addresses, &datatypes, &combiner); });
  return combiner == MPI_COMBINER_NAMED || combiner == MPI_COMBINER_F90_REAL ||
         combiner == MPI_COMBINER_F90_COMPLEX || combiner == MPI_COMBINER_F90_INTEGER;
}

}  // namespace

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

KeptDatatype::KeptDatatype(MPI_Datatype datatype) : datatype_(datatype) {
  if (datatype == MPI_DATATYPE_NULL)
    throw Error(ErrorClass::datatype, "datatype is MPI_DATATYPE_NULL", "a reduction needs the elements' type",
                "Pass a committed datatype");
  if (is_predefined(datatype)) return;
  check_users("MPI_Type_dup", [&] { return MPI_Type_dup(datatype, &datatype_); });
  own_ = true;
}

KeptDatatype::KeptDatatype(KeptDatatype&& other) noexcept
    : datatype_(other.datatype_), own_(std::exchange(other.own_, false)) {}

KeptDatatype& KeptDatatype::operator=(KeptDatatype&& other) noexcept {
  std::swap(datatype_, other.datatype_);
  std::swap(own_, other.own_);
  return *this;
}

KeptDatatype::~KeptDatatype() {
  int finalized = 0;
  MPI_Finalized(&finalized);
  if (own_ && finalized == 0) MPI_Type_free(&datatype_);
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
