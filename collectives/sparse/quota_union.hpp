// quota_*: the choice of the k places that are sent. Pure: every rank finds the same from the same
// nominations.
//
// k is shared out in quotas, which rotate by one rank a step. A rank nominates as many of its largest
// elements as its quota says (primary). It nominates an eighth more (reserve), which replace places that
// several ranks have named.
//   P = 2, k = 4: primary 3 7 | 1 7, reserve 5 | 2  ->  1 3 7, and of the reserves 5 at even steps, else 2
//
// If all reserves do not suffice, the lowest places that no rank has named are added. They cost nothing but
// their bytes: their values are sent as they are and leave the residual like any others. So exactly k places
// travel whatever the ranks hold, and what a call sends is known beforehand.
#pragma once

#include <cstdint>

#include "core/partition.hpp"

namespace pliant::quota {

/// Numbers of elements that a rank nominates.
struct Quota {
  std::int64_t primary = 0;  ///< its largest
  std::int64_t reserve = 0;  ///< the next largest

  std::int64_t all() const { return primary + reserve; }
};

/// The quotas of all ranks at one step, and the positions of their nominations in an array of [room()].
class Quotas {
 public:
  Quotas(std::int64_t kept, int ranks, std::int64_t step)
      : kept_(kept), ranks_(ranks), turn_(static_cast<int>(step % ranks)) {}

  std::int64_t kept() const { return kept_; }
  int ranks() const { return ranks_; }
  /// The rank whose reserve is used first.
  int first() const { return turn_; }

  Quota of(int rank) const { return in_slot(slot_of(rank)); }
  Quota most() const { return in_slot(0); }  ///< no rank has a larger one
  Quota least() const { return in_slot(ranks_ - 1); }
  int ranks_with_most() const { return kept_ % ranks_ == 0 ? ranks_ : static_cast<int>(kept_ % ranks_); }

  Range primary(int rank) const { return primary_in(slot_of(rank)); }
  Range reserve(int rank) const {
    return {kept_ + slot_of(rank) * most().reserve, in_slot(slot_of(rank)).reserve};
  }
  /// primary() by slot, which is the order of quotas: the ranges follow one another from 0 to kept.
  Range primary_in(int slot) const { return chunk_of(kept_, ranks_, slot); }

  std::int64_t reserves() const { return ranks_ * most().reserve; }
  std::int64_t room() const { return kept_ + reserves(); }

 private:
  int slot_of(int rank) const { return (rank + turn_) % ranks_; }
  Quota in_slot(int slot) const;

  std::int64_t kept_;
  int ranks_;
  int turn_;
};

/// Elements of a rank, which include its largest.
struct Picked {
  const std::uint32_t* indices;  ///< [count] ascending
  const float* values;           ///< [count]
  std::int64_t count;
};

/// Writes the nominations of `rank` to its ranges of `nominations`: primary and reserve, each ascending. The
/// magnitude order of kernels.hpp divides them.
/// @param picked       at least quotas.of(rank).all(), among them the rank's largest
/// @param magnitudes   [picked.count] scratch
void nominate(const Quotas& quotas, int rank, const Picked& picked, std::uint32_t* magnitudes,
              std::uint32_t* nominations);

/// Finds the places that are sent: all primaries first. Next come the ranks' reserves in turn, the first of
/// each, then the second of each, except places already chosen. Then come the lowest places not yet chosen.
/// @param nominations  [room()] of all ranks; scratch afterwards
/// @param turns        [reserves()] scratch
/// @param places       [kept] out, ascending
void unite(const Quotas& quotas, std::uint32_t* nominations, std::uint64_t* turns, std::uint32_t* places);

}  // namespace pliant::quota
