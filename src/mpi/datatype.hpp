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

/// A datatype that outlives the program's handle: a duplicate of a derived one, and a predefined one itself.
class KeptDatatype {
 public:
  KeptDatatype() = default;
  /// Throws Error(datatype) for MPI_DATATYPE_NULL, Error(mpi) for what is none.
  explicit KeptDatatype(MPI_Datatype datatype);
  KeptDatatype(KeptDatatype&& other) noexcept;
  KeptDatatype& operator=(KeptDatatype&& other) noexcept;
  /// Local, and leaves MPI alone once it is finalized.
  ~KeptDatatype();

  MPI_Datatype handle() const { return datatype_; }

 private:
  MPI_Datatype datatype_ = MPI_DATATYPE_NULL;
  bool own_ = false;
};

MPI_Datatype mpi_datatype(ElementType type);
MPI_Op mpi_op(ReduceOp op);

}  // namespace pliant
