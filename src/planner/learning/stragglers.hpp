// Stragglers: which rank comes late to sync rounds, and whether it computes longer. Ranks have no clock in
// common, but a sync round ends for all of them when the last has come. So a rank that waited less came
// later. Pure: no messages, no clock.
//
//   rank 0  |--- waits ---------------|       late by 0
//   rank 1        |--- waits ---------|       late by the difference of the two waits
//   rank 2                          |-|       waited for the round's own messages only
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace pliant {

/// A rank's report of a sync round and of the call that began at its end, or of a call alone, by its own clock.
struct RoundArrival {
  /// From when it came until all had come; of a call alone, how much longer than the shortest rank it took. Negative: not
  /// known.
  double waited_s = -1;
  double computed_s = 0;  ///< of its program, since its previous call of this kind
  double call_s = 0;      ///< that the call took; 0 where that is not known
};

/// [s] Time of the call for the rank that began it last. If no rank is seen to have waited for another, that
/// is longer than `sync_round_s`, the network's share of a sync round, it is the longest time of any rank.
///
/// Otherwise it is the shortest. The last rank to come leaves a sync round first, as it finds all other
/// reports there. The others learn of it some messages later, and much later if a waiting rank has lost its
/// processor meanwhile. The time of the rank that began last contains none of that.
double call_time_s(std::span<const RoundArrival> all, double sync_round_s);

/// A rank that keeps the others waiting. All times are medians over the last sync rounds.
struct Straggler {
  int rank = -1;              ///< -1: there is none
  double late_s = 0;          ///< after the median rank
  double computed_s = 0;      ///< as in its reports
  double all_computed_s = 0;  ///< of the median rank

  /// True if it computes longer. Otherwise it was held up inside the calls themselves.
  bool computes_longer() const { return computed_s - all_computed_s > late_s / 2; }
};

/// Names the latest rank as a straggler if it is late again and again, and by more than sync rounds
/// themselves explain. Ranks of a communicator that observe the same name the same rank.
class Stragglers {
 public:
  static constexpr std::size_t kWindow = 12;    ///< sync rounds that are remembered
  static constexpr std::int64_t kFewest = 8;    ///< sync rounds before a rank is named
  static constexpr double kClear = 3;           ///< times the cost of a sync round, or its ranks' spread
  static constexpr double kWorthNaming = 0.02;  ///< share of the median rank's computing time

  /// Forgets everything. The only function that allocates: 130 bytes a rank.
  void begin(int ranks);

  /// [ranks] to be filled in before observe().
  std::span<RoundArrival> arrivals() { return arrivals_; }

  /// Observes one sync round. `sync_round_s`: the network's share of it by the current link model; a rank that
  /// is late by no more may have a slow link instead. A sync round with an impossible time is ignored.
  /// Returns true if there is news: another straggler, none any more, or one that has become twice or half as
  /// late.
  bool observe(double sync_round_s);

  const Straggler& latest() const { return latest_; }

 private:
  struct Past {
    std::array<float, kWindow> late_s{};  ///< after the median rank
    std::array<float, kWindow> computed_s{};
  };
  /// A rank's recent lateness and computing.
  struct Figure {
    double late_s, computed_s;
    double least_late_s;  ///< the least, except in one sync round
  };

  std::size_t known() const;
  Figure figure_of(int rank) const;
  double median_of_scratch();
  void remember(double sync_round_s);
  void name(int candidate);

  std::vector<RoundArrival> arrivals_;
  std::vector<Past> past_;       ///< [ranks]
  std::vector<double> scratch_;  ///< [ranks]
  std::array<double, kWindow> noise_s_{};
  std::array<double, kWindow> all_computed_s_{};
  std::int64_t rounds_ = 0;
  Straggler latest_;
  double told_late_s_ = 0;
};

}  // namespace pliant
