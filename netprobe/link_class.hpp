// Classes of links (on one host, between hosts): what their links have in common, and which stand apart.
// Pure; the same on all ranks.
#pragma once

#include <span>
#include <vector>

#include "netprobe/link_fit.hpp"

namespace pliant {

/// Slowdown of exchanges when all pairs of a class talk at once, compared with one pair alone.
struct Contention {
  int pairs = 0;      ///< that talk at once; below 2 nothing was measured, and factor is 1
  double bytes = 0;   ///< of each message
  double factor = 1;  ///< median over the pairs that were measured both ways
};

/// [s] One pair's time for the same exchange, alone and among all pairs.
struct CrowdTime {
  double alone_s = 0;
  double among_s = 0;
};

struct LinkClass {
  bool same_host = false;
  int links = 0;
  /// Medians over the links, each number for itself. Of two in the middle it is the lower one: a number in
  /// between would be no link's. Links that are no measurement (is_measured()) do not count; 0 if all are
  /// none. `samples` is the sum of all.
  LinkEstimate typical;
  Line floor;        ///< medians, as in `typical`
  int rejected = 0;  ///< sums over the links
  int impossible = 0;
  double held_out_median = 0;  ///< median over the links that have any
  double held_out_worst = 0;   ///< of all links
  int held_out_sizes = 0;
  Contention contention;
};

/// A link counts as slow if a message of kSlowBytes takes this many times as long as on its class's median
/// link.
inline constexpr double kSlowFactor = 3;
inline constexpr double kSlowBytes = 64 << 10;

/// The classes that have links: same host first.
std::vector<LinkClass> classes_of(std::span<const LinkFit> links);

/// Time of a message of kSlowBytes, relative to the class's median link; 1 if the class has no measured link.
double slowness(const LinkFit& link, std::span<const LinkClass> classes);

/// Pairs with an invalid time (<= 0, not finite) do not count.
Contention contention_of(std::span<const CrowdTime> times, int pairs, double bytes);

}  // namespace pliant
