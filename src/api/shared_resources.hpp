// What requests take of their communicator and give back: blocks of tags, and duplicates for MPI's own
// collectives.
//
// Init is collective, and so is taking: one small allreduce tells what any rank still holds, and all ranks
// take the lowest that is free everywhere. Freeing is local, in any order: it changes this rank's memory
// alone.
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
  /// What one request holds. It goes back when this is destroyed: locally, and after the communicator's end,
  /// too.
  class Share {
   public:
    Share() = default;
    Share(Share&& other) noexcept;
    Share& operator=(Share&& other) noexcept;
    ~Share() { give_back(); }

    int tag() const { return tag_; }         ///< the first of AllreduceCall::kTags
    MPI_Comm comm() const { return comm_; }  ///< MPI_COMM_NULL: none was asked for
    /// Which of all the requests that were ever made. Equal on all ranks.
    std::int64_t number() const { return number_; }
    /// What rank 0 said in take().
    int first_wait() const { return first_wait_; }
    /// Its operation ended early: a message of it may still come, so nobody takes its tags again.
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

  /// Collective over `comm`: equal on all ranks. Throws Error(request) on all of them where no tags are left.
  /// @param by_mpi      a duplicate is needed, too; whichever rank says so
  /// @param first_wait  rank 0's for all: calls before the request's first sync round
  Share take(const Communicator& comm, bool by_mpi, int first_wait);
  /// Collective over `fresh`, to which requests turn from the communicator of `before`: they keep their tags,
  /// and get new duplicates in renew(). Those before are left as they are.
  void go_on_from(const SharedResources& before, const Communicator& fresh);
  void renew(Share& share) const;
  /// Requests made so far; equal on all ranks.
  std::int64_t made() const { return made_; }

  /// May there be requests on any rank, as the ranks agreed last: in note_any_live()?
  bool any_live() const { return any_live_; }
  /// To be called on all ranks with the same value, whether any rank has requests. Has any_live() changed?
  bool note_any_live(bool any) { return std::exchange(any_live_, any) != any; }

 private:
  /// Free duplicates that stay for the next request that needs one.
  static constexpr std::size_t kSpare = 1;

  MPI_Comm duplicate_at(const Communicator& comm, std::int64_t slot);
  void free_unused(std::span<const std::uint64_t> held_by_any, std::int64_t taken);

  std::shared_ptr<Held> held_;                           ///< of this rank
  std::vector<std::optional<Communicator>> duplicates_;  ///< by slot; made and freed on all ranks together
  std::int64_t made_ = 0;                                ///< requests
  bool any_live_ = false;
};

}  // namespace pliant
