// The MPI datatypes and operations for which Pliant has kernels.
#pragma once

#include <mpi.h>

#include <optional>

#include "core/element_type.hpp"

namespace pliant {

/// Returns nothing for a type without a kernel: derived, complex, unsigned, ...
std::optional<ElementType> element_type(MPI_Datatype datatype);
/// Returns nothing for an operation without a kernel: user-defined, logical, MAXLOC, ...
std::optional<ReduceOp> reduce_op(MPI_Op op);

/// A datatype that outlives the program's handle. Duplicates a derived type; keeps a predefined one as it is.
class KeptDatatype {
 public:
  KeptDatatype() = default;
  /// Throws Error(datatype) for MPI_DATATYPE_NULL, Error(mpi) for an invalid datatype.
  explicit KeptDatatype(MPI_Datatype datatype);
  KeptDatatype(KeptDatatype&& other) noexcept;
  KeptDatatype& operator=(KeptDatatype&& other) noexcept;
  /// Local. Makes no MPI call after MPI_Finalize.
  ~KeptDatatype();

  MPI_Datatype handle() const { return datatype_; }

 private:
  MPI_Datatype datatype_ = MPI_DATATYPE_NULL;
  bool own_ = false;
};

MPI_Datatype mpi_datatype(ElementType type);
MPI_Op mpi_op(ReduceOp op);

}  // namespace pliant
