// PLIANT_CHECK=1: before an operation begins, the ranks compare what they are about to do.
#pragma once

#include <mpi.h>

#include <array>
#include <string_view>

#include "api/context.hpp"

namespace pliant {

/// What a rank is about to do, in words; ranks that behave alike have the same.
struct Intention {
  std::array<char, 192> text{};
};

/// tensor: its name, empty for a blocking call without one. `op` and `type` by the names that MPI gives them.
/// device: in whose memory the buffers are (placement.hpp); only whether it is the host's has to be alike.
Intention intention_of(std::string_view tensor, std::int64_t count, MPI_Datatype type, MPI_Op op,
                       const Plan& plan, int device);

/// What check_alike() works on.
struct AlikeCheck {
  Context& context;
  UnderWay& under_way;
  const Intention intention;

  FramePool& frames() { return under_way.workspace.frames; }
};

/// Collective, in the order in which each rank starts its operations. Throws the same Error(argument) on
/// every rank, which names two sides that differ.
Task check_alike(AlikeCheck& check);

}  // namespace pliant
