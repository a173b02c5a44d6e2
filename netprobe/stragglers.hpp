// Who comes late to where ranks meet, and whether it computes longer. Ranks have no clock in common, but a
// meeting ends for all of them when the last has come: who waited less, came later. Pure: no messages, no
// clock.
//
//   rank 0  |--- waits ---------------|       late by 0
//   rank 1        |--- waits ---------|       late by the difference of the two waits
//   rank 2                          |-|       waited for the meeting's own messages alone
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace pliant {

/// What a rank tells of a meeting and of the call that began at its end, by its own clock.
struct Attendance {
  double waited_s = -1;   ///< from when it came until all had come; negative: not known
  double computed_s = 0;  ///< of its program, since it called for the same thing before
  double call_s = 0;      ///< that the call took; 0 where that is not known
};

/// [s] What the call took, begun by the last rank. The longest time of any rank, if none can be seen to have
/// waited for another, that is for longer than `meeting_s`, what the network makes of a meeting. Else the
/// shortest: who came last leaves a meeting first, as it finds what all others have told; these learn of it
/// later, by some messages, and much later where a rank that waits has lost its processor meanwhile. Who
/// began last has none of that in its time.
double call_time_s(std::span<const Attendance> all, double meeting_s);

/// A rank that keeps the others waiting. All are medians over the last meetings.
struct Straggler {
  int rank = -1;              ///< -1: there is none
  double late_s = 0;          ///< after the median rank
  double computed_s = 0;      ///< Attendance::computed_s
  double all_computed_s = 0;  ///< of the median rank

  /// It computes longer; else it comes late without that: it was held up inside the calls themselves.
  bool computes_longer() const { return computed_s - all_computed_s > late_s / 2; }
};

/// Names the rank that is latest, where it is so again and again, and by more than meetings make of
/// themselves. Every rank of a communicator that is told the same says the same.
class Stragglers {
 public:
  static constexpr std::size_t kWindow = 12;    ///< meetings that are remembered
  static constexpr std::int64_t kFewest = 8;    ///< before anybody is named
  static constexpr double kClear = 3;           ///< times what a meeting takes, or its ranks differ by
  static constexpr double kWorthNaming = 0.02;  ///< of what the median rank computes

  /// Forgets all; the only place where memory is taken: 130 bytes a rank.
  void begin(int ranks);

  /// [ranks] to be filled in before observe().
  std::span<Attendance> attendance() { return attendance_; }

  /// One meeting, of which the network makes `meeting_s` by the link model in force: who is late by no more
  /// may have a slow link instead. A meeting with a time that cannot be counts for nothing. Returns whether
  /// there is something to tell: another straggler, none any more, or one that has become twice or half as
  /// late.
  bool observe(double meeting_s);

  const Straggler& latest() const { return latest_; }

 private:
  struct Past {
    std::array<float, kWindow> late_s{};  ///< after the median rank
    std::array<float, kWindow> computed_s{};
  };
  /// What a rank has been like.
  struct Figure {
    double late_s, computed_s;
    double least_late_s;  ///< but for one meeting that may have been otherwise
  };

  std::size_t known() const;
  Figure figure_of(int rank) const;
  double median_of_scratch();
  void remember(double meeting_s);
  void name(int candidate);

  std::vector<Attendance> attendance_;
  std::vector<Past> past_;       ///< [ranks]
  std::vector<double> scratch_;  ///< [ranks]
  std::array<double, kWindow> noise_s_{};
  std::array<double, kWindow> all_computed_s_{};
  std::int64_t meetings_ = 0;
  Straggler latest_;
  double told_late_s_ = 0;
};

}  // namespace pliant
