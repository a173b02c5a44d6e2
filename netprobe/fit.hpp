// From ping-pong times to alpha and beta of a link, and from all links to one model. Pure: no messages, no
// clock.
#pragma once

#include <optional>
#include <span>

#include "core/line.hpp"
#include "core/link_model.hpp"
#include "netprobe/netprobe.hpp"

namespace pliant {

/// The line one_way_s = alpha_s + bytes * beta_s_per_byte through `samples`, with 95 % confidence intervals.
/// The caller fills in the members rank, peer and same_host.
///
/// - Each size enters with the median of its times: the typical time of a message, whatever happened to fewer
///   than half of them. The minimum would be wrong, since collectives wait for the typical message, never for
///   the luckiest.
/// - Weighted least squares, weights n / t^2: errors of times are relative, and 1 MiB must not drown 1 byte.
/// - Huber's weights (IRLS) against sizes that lie off the line.
/// - Intervals: Student's t times the standard error. The error is from the scatter of the sizes about the
///   line or of the times within the sizes, whichever is larger. So a line that does not fit shows as a wide
///   interval.
/// - 1 ns <= alpha_s, 0 <= beta_s_per_byte, low <= value <= high, always.
///
/// Samples that are not finite are left out. Without samples all is zero. From one size alone the two cannot
/// be told apart: all time counts as alpha_s, and the intervals reach from 0 to all time being of either
/// kind.
LinkEstimate fit_link(std::span<const PingSample> samples);

/// [s] Gap between messages of a burst, in [0, alpha_s]. Each time is that of `messages` in a row and one
/// back, of which the first and the answer take alpha_s each. The shortest time counts, since a disturbed
/// burst does not show the gap.
double gap_between(std::span<const double> times_s, int messages, double alpha_s);

/// One model for all ranks. For each rank it takes the lower median over its links, each number for itself,
/// and then the maximum over the ranks. The slowest rank's link binds, since every collective waits for it; a
/// single disturbed pair does not. The median is the lower one because of two links one may be disturbed.
/// Links that are no measurement (is_measured()) do not count, nor ranks that have no other. Returns nothing
/// if no link counts.
std::optional<LinkModel> agree_on_link(std::span<const LinkEstimate> links, int ranks);

}  // namespace pliant
