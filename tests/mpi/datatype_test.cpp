// The MPI types and operations that Pliant has kernels for.
#include "mpi/datatype.hpp"

#include <gtest/gtest.h>

namespace pliant {
namespace {

TEST(Datatype, MapsThereAndBack) {
  for (const ElementType type :
       {ElementType::float32, ElementType::float64, ElementType::int32, ElementType::int64}) {
    int bytes = 0;
    MPI_Type_size(mpi_datatype(type), &bytes);
    EXPECT_EQ(bytes, element_bytes(type));
    EXPECT_EQ(element_type(mpi_datatype(type)), type);
  }
  for (const ReduceOp op : {ReduceOp::sum, ReduceOp::min, ReduceOp::max, ReduceOp::prod})
    EXPECT_EQ(reduce_op(mpi_op(op)), op);
}

TEST(Datatype, KnowsTheOtherNamesOfItsTypes) {
  EXPECT_EQ(element_type(MPI_INT), ElementType::int32);
  EXPECT_EQ(element_type(MPI_LONG_LONG), ElementType::int64);
  EXPECT_EQ(element_type(MPI_LONG), sizeof(long) == 8 ? ElementType::int64 : std::optional<ElementType>());
}

TEST(Datatype, LeavesTheRestToMpi) {
  for (const MPI_Datatype type :
       {MPI_BYTE, MPI_CHAR, MPI_UNSIGNED, MPI_UINT64_T, MPI_DOUBLE_INT, MPI_C_FLOAT_COMPLEX, MPI_LONG_DOUBLE})
    EXPECT_FALSE(element_type(type).has_value());
  MPI_Datatype derived = MPI_DATATYPE_NULL;
  MPI_Type_contiguous(2, MPI_FLOAT, &derived);
  EXPECT_FALSE(element_type(derived).has_value());
  MPI_Type_free(&derived);
  for (const MPI_Op op : {MPI_LAND, MPI_BOR, MPI_MAXLOC, MPI_OP_NULL})
    EXPECT_FALSE(reduce_op(op).has_value());
}

}  // namespace
}  // namespace pliant
