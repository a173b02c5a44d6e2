// Results of ping-pong of many sizes on one link: typical and floor figures, and pieces of the line where the
// sender's protocol changes. Also what was rejected, and how well unseen sizes are predicted. Pure: no
// messages, no clock.
#pragma once

#include <array>
#include <span>

#include "core/line.hpp"
#include "netprobe/netprobe.hpp"

namespace pliant {

/// [s] 32 KiB at 1 kbit/s take less. A longer time means that a clock was set.
inline constexpr double kLongestPing_s = 300;

/// True if the time is finite and between 0 and kLongestPing_s.
bool possible(const PingSample& ping);

/// A timed round trip. A held-out one is kept from fits, to judge them.
struct SurveySample {
  PingSample ping;
  bool held_out = false;
};

/// A line for messages of at most `to_bytes`; the last piece of a link holds for longer ones, too.
struct LinkPiece {
  double to_bytes = 0;
  Line line;
};

struct LinkFit {
  static constexpr int kMostPieces = 3;

  /// One line through all sizes, with 95 % intervals: the typical time of a message.
  LinkEstimate typical;
  /// The line through the 10 % quantile of each size, nowhere above `typical`: the time of an undisturbed
  /// message. A number that ends at its bound is taken from `typical`.
  Line floor;
  std::array<LinkPiece, kMostPieces> pieces{};
  int piece_count = 0;  ///< 0 without samples
  int rejected = 0;     ///< samples far from the others of their size
  int impossible = 0;   ///< impossible times, for example where the clock is stepped
  /// |predicted / measured - 1| of the held-out sizes, predicted by a fit that has not seen them.
  int held_out_sizes = 0;
  double held_out_median = 0;  ///< 0 where there are none
  double held_out_worst = 0;
};

/// The caller fills in the members rank, peer and same_host of `typical`.
///
/// - Impossible times are left out and counted.
/// - A sample is rejected if the logarithm of its time is further from its size's median than four standard
///   deviations and than 10 %. The deviation is that of all sizes together, from the median absolute
///   deviation. Sizes of fewer than three samples reject none.
/// - `typical` is fit_link() of what is left: 1 ns <= alpha_s, 0 <= beta_s_per_byte, always.
/// - Pieces: the division of the sizes into at most kMostPieces runs of three or more that has the least
///   Bayesian information criterion (Schwarz, Annals of Statistics 6(2), 1978). It adds the squares of the
///   medians' distances from their run's line in standard errors, and ln(sizes) for each number fitted. A
///   square counts at most 1.4 ln(sizes), so that one or two disturbed sizes do not buy a piece. Misfits
///   below 3 % never count, so clean times do not buy pieces. Each line is a least-squares one with weights
///   n / t^2, as in fit_link().
/// - Held out: pieces fitted to the other sizes predict these, if they lie within what was fitted.
LinkFit fit_survey(std::span<const SurveySample> samples);

/// [s] Time of a message of that size, by the piece that it falls into. 0 without samples.
double predict_s(const LinkFit& link, double bytes);

}  // namespace pliant
