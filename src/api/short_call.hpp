// Short exact calls, again and again: what was found out for the first of a kind is kept, and the next ones
// are carried out by a plain function, without a suspended one, a decision or a report of their own.
//
//   first call of a kind   c_api: allreduce(), which tells remember()
//   those after it         short_call(): look up, meet, note the times
// Everything that asks for more (PLIANT_CHECK, a trace, an algorithm that sends messages) goes the long way,
// and so does a rank that has a request under way on this communicator, which the long way advances. Each
// rank chooses alone: an algorithm's run_short() meets its run() on other ranks. Which algorithm it is, ranks
// agree on: what is known was decided by what they agreed on last, and is forgotten when that changes.
#pragma once

#include <mpi.h>
#include <pliant/pliant.h>

#include <cstddef>
#include <cstdint>

#include "api/buffers.hpp"
#include "collectives/allreduce.hpp"
#include "core/recent_map.hpp"

namespace pliant {

/// The kinds of short calls that a communicator has had.
class ShortCalls {
 public:
  struct Kind {
    std::int64_t count = 0;  ///< elements
    ElementType type = ElementType::float32;
    ReduceOp op = ReduceOp::sum;
    std::uint64_t hash() const {
      return mixed_hash(static_cast<std::uint64_t>(count),
                        static_cast<std::uint64_t>(type) * kReduceOps + static_cast<std::uint64_t>(op));
    }
    friend bool operator==(const Kind&, const Kind&) = default;
  };
  struct Known {
    Kind kind;
    const AllreduceAlgorithm* algorithm = nullptr;
    bool needs_compute_time = false;  ///< the policy's
    Pliant_Report report{};           ///< of every such call, but for the times
  };

  /// Null: not known.
  const Known* find(const Kind& kind) { return known_.find(kind); }
  void remember(const Known& known) {
    if (Known* const before = known_.find(known.kind)) {
      *before = known;
    } else {
      known_.add(known.kind, known);
    }
  }
  /// Were the last call's buffers these? Asking where memory lies takes long for a short call.
  bool are_last(const Buffers& buffers) const {
    return buffers.send == last_.send && buffers.recv == last_.recv;
  }
  void note_last(const Buffers& buffers) { last_ = buffers; }
  /// Whoever changes what decisions are made from, does this.
  void forget() {
    known_.clear();
    last_ = {};
  }

 private:
  static constexpr std::size_t kMost = 1024;
  RecentMap<Kind, Known> known_{kMost};
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
