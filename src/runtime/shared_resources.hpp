// Resources that requests take from their communicator: blocks of tags, and duplicates for MPI's collectives.
//
// An init call takes them collectively: one small allreduce finds what any rank still holds, and all ranks
// take the lowest slot that is free everywhere. Freeing is local, in any order, and sends nothing.
#pragma once

#include <mpi.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "mpi/communicator.hpp"
#include "mpi/slot_table.hpp"

namespace pliant {

class SharedResources {
  struct Held;

 public:
  /// The resources of one request. The destructor gives them back. It is local, and also valid after the
  /// communicator's end.
  class Share {
   public:
    Share() = default;
    Share(Share&& other) noexcept;
    Share& operator=(Share&& other) noexcept;
    ~Share() { give_back(); }

    int tag() const { return tag_; }         ///< the first of AllreduceCall::kTags
    MPI_Comm comm() const { return comm_; }  ///< MPI_COMM_NULL: none was needed
    /// Number of requests made before this one. Equal on all ranks.
    std::int64_t number() const { return number_; }
    /// Rank 0's argument of take().
    int first_wait() const { return first_wait_; }
    /// Retires the tags for good, after an operation that ended early: one of its messages may still arrive.
    void keep_for_ever() { held_.reset(); }

   private:
    friend class SharedResources;
    void give_back();

    std::shared_ptr<Held> held_;
    std::int64_t tag_slot_ = -1;
    std::int64_t comm_slot_ = -1;
    int tag_ = 0;
    std::int64_t number_ = -1;
    int first_wait_ = 0;
    MPI_Comm comm_ = MPI_COMM_NULL;
  };

  SharedResources();

  /// Takes the resources of a request, equal on all ranks. Collective over `comm`. Throws Error(request) on
  /// all ranks if no tags are left.
  /// @param by_mpi      a duplicate is needed, too; true on any rank counts for all
  /// @param first_wait  calls before the request's first sync round; rank 0's value counts
  Share take(const Communicator& comm, bool by_mpi, int first_wait);
  /// Moves requests from the communicator of `before` to `fresh`. They keep their tags, and renew() gives
  /// them new duplicates. The old duplicates are not freed. Collective over `fresh`.
  void go_on_from(const SharedResources& before, const Communicator& fresh);
  void renew(Share& share) const;
  /// Requests made so far; equal on all ranks.
  std::int64_t made() const { return made_; }

  /// May any rank have requests? The value that the ranks agreed on last.
  bool any_live() const { return any_live_; }
  /// Sets any_live(). To be called on all ranks with the same value. Returns whether it has changed.
  bool note_any_live(bool any) { return std::exchange(any_live_, any) != any; }

 private:
  /// Unused duplicates that are kept for the next request that needs one.
  static constexpr std::size_t kSpare = 1;

  MPI_Comm duplicate_at(const Communicator& comm, std::int64_t slot);
  void free_unused(std::span<const std::uint64_t> held_by_any, std::int64_t taken);

  std::shared_ptr<Held> held_;                           ///< of this rank
  std::vector<std::optional<Communicator>> duplicates_;  ///< by slot; made and freed on all ranks together
  std::int64_t made_ = 0;                                ///< requests
  bool any_live_ = false;
};

}  // namespace pliant
