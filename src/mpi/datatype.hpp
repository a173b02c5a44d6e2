// MPI's datatypes and operations, as far as Pliant has kernels for them.
#pragma once

#include <mpi.h>

#include <optional>

#include "core/element_type.hpp"

namespace pliant {

/// Nothing for a type without a kernel: derived, complex, unsigned, ...
std::optional<ElementType> element_type(MPI_Datatype datatype);
/// Nothing for an operation without a kernel: user-defined, logical, MAXLOC, ...
std::optional<ReduceOp> reduce_op(MPI_Op op);

MPI_Datatype mpi_datatype(ElementType type);
MPI_Op mpi_op(ReduceOp op);

}  // namespace pliant
