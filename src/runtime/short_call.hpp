// The short path for repeated short exact calls. The decision for the first call of a kind is cached, and
// later calls run a plain function, without a coroutine, a decision or a report of their own.
//
//   first call of a kind   c_api: allreduce(), which calls remember()
//   later calls            short_call(): look up, reduce, note the times
//
// The long path takes every call with PLIANT_CHECK, a trace, or an algorithm that sends messages. It also
// takes the call on a rank with a pending request here, because it advances the request. Each rank chooses
// its path alone: an algorithm's run_short() works with its run() on other ranks. The algorithm is the same
// on all ranks, because the cache holds only decisions from agreed inputs, and is cleared when these change.
#pragma once

#include <mpi.h>
#include <pliant/pliant.h>

#include <cstddef>
#include <cstdint>

#include "collectives/allreduce.hpp"
#include "core/recent_map.hpp"
#include "runtime/buffers.hpp"

namespace pliant {

/// The cache of a communicator: one entry for each kind of short call.
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
    Pliant_Report report{};           ///< of every such call, except for the times
  };

  /// Returns null for a kind that is not in the cache.
  const Known* find(const Kind& kind) { return known_.find(kind); }
  void remember(const Known& known) {
    if (Known* const before = known_.find(known.kind)) {
      *before = known;
    } else {
      known_.add(known.kind, known);
    }
  }
  /// Did the last call have the same buffers? If so, the slow query of their memory can be skipped.
  bool are_last(const Buffers& buffers) const {
    return buffers.send == last_.send && buffers.recv == last_.recv;
  }
  void note_last(const Buffers& buffers) { last_ = buffers; }
  /// Clears the cache; to be called when an input of decisions changes.
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

/// Caches a blocking call that has ended, if the next call of its kind can take the short path.
void remember_short_call(const OperationRun& run);

/// Carries out MPI_Allreduce(sendbuf, ...) if its kind is in the cache. Otherwise returns false, with nothing
/// done. Throws Error for bad buffers.
bool short_call(const void* sendbuf, void* recvbuf, MPI_Count count, MPI_Datatype datatype, MPI_Op op,
                MPI_Comm comm);

}  // namespace pliant
