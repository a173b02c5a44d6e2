// Short exact calls, again and again: what was found out for the first of a kind is kept, and the next ones
// are carried out by a plain function, without a suspended one, a decision or a report of their own.
//
//   first call of a kind   c_api: allreduce(), which tells remember()
//   those after it         short_call(): look up, meet, note the times
// Everything that asks for more (requests, PLIANT_CHECK, a trace, an algorithm that sends messages) goes the
// long way. Ranks need not go the same one: an algorithm's run_short() meets its run() on other ranks.
#pragma once

#include <mpi.h>
#include <pliant/pliant.h>

#include <array>
#include <cstdint>

#include "api/buffers.hpp"
#include "collectives/allreduce.hpp"

namespace pliant {

/// The kinds of short calls that a communicator has had.
class ShortCalls {
 public:
  struct Known {
    std::int64_t count = -1;  ///< elements; -1: none is known
    ElementType type = ElementType::float32;
    ReduceOp op = ReduceOp::sum;
    const AllreduceAlgorithm* algorithm = nullptr;
    bool needs_compute_time = false;  ///< the policy's
    Pliant_Report report{};           ///< of every such call, but for the times
  };

  /// Null: not known.
  const Known* find(std::int64_t count, ElementType type, ReduceOp op) const {
    const Known& known = known_[place(count, type, op)];
    return known.count == count && known.type == type && known.op == op ? &known : nullptr;
  }
  void remember(const Known& known) { known_[place(known.count, known.type, known.op)] = known; }
  /// Were the last call's buffers these? Asking where memory lies takes long for a short call.
  bool are_last(const Buffers& buffers) const {
    return buffers.send == last_.send && buffers.recv == last_.recv;
  }
  void note_last(const Buffers& buffers) { last_ = buffers; }
  /// Whoever changes what decisions are made from, does this.
  void forget() {
    known_ = {};
    last_ = {};
  }

 private:
  static constexpr std::size_t kPlaces = 16;

  static std::size_t place(std::int64_t count, ElementType type, ReduceOp op) {
    const auto kinds = static_cast<std::size_t>(type) * kReduceOps + static_cast<std::size_t>(op);
    return ((static_cast<std::size_t>(count) * 2654435761U + kinds * 40503U) >> 8) % kPlaces;
  }

  std::array<Known, kPlaces> known_;
  Buffers last_;
};

struct OperationRun;

/// Keep what a blocking call that has ended was, if the next of its kind can be a short one.
void remember_short_call(const OperationRun& run);

/// Carries out MPI_Allreduce(sendbuf, ...) if it is a short call of a kind that is known. Otherwise returns
/// false, and nothing has happened. Throws Error for bad buffers.
bool short_call(const void* sendbuf, void* recvbuf, MPI_Count count, MPI_Datatype datatype, MPI_Op op,
                MPI_Comm comm);

}  // namespace pliant
