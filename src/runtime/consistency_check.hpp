// PLIANT_CHECK=1: before an operation begins, the ranks compare what they are about to do.
#pragma once

#include <mpi.h>

#include <array>
#include <string_view>

#include "runtime/context.hpp"

namespace pliant {

/// The operation that a rank is about to begin, as text. The texts of all ranks must be equal.
struct Intention {
  std::array<char, 192> text{};
};

/// @param tensor  its name, empty for a blocking call without one
/// @param device  where the buffers lie (placement.hpp); ranks need only agree on host or device
Intention intention_of(std::string_view tensor, std::int64_t count, MPI_Datatype type, MPI_Op op,
                       const Plan& plan, int device);

/// The arguments of check_consistency().
struct ConsistencyCheck {
  Context& context;
  PendingOperation& pending;
  const Intention intention;

  FramePool& frames() { return pending.workspace.frames; }
};

/// Compares the intentions of all ranks. Collective, in the order in which each rank starts its operations.
/// On a difference, throws the same Error(argument) on every rank: it names rank 0 and a rank that differs.
Task check_consistency(ConsistencyCheck& check);

}  // namespace pliant
