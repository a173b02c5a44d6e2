// What links of one kind have in common, and which of them stand apart. Pure; the same on all ranks.
#pragma once

#include <span>
#include <vector>

#include "netprobe/link_fit.hpp"

namespace pliant {

/// How much slower exchanges are when all pairs of a class talk at once than when one pair does.
struct Contention {
  int pairs = 0;      ///< at once; below 2 nothing was measured, and factor is 1
  double bytes = 0;   ///< of each message
  double factor = 1;  ///< median over the pairs that were measured both ways
};

/// [s] one pair's time for the same exchange alone, and among all.
struct CrowdTime {
  double alone_s = 0;
  double among_s = 0;
};

struct LinkClass {
  bool same_host = false;
  int links = 0;
  /// Each number for itself the median over the links, of two in the middle the lower one: a number in
  /// between would be no link's. Links that are no measurement (is_measured()) do not count; 0 if all are
  /// none. `samples` is the sum of all.
  LinkEstimate typical;
  Line floor;        ///< the same
  int rejected = 0;  ///< sums over the links
  int impossible = 0;
  double held_out_median = 0;  ///< median over the links that have any
  double held_out_worst = 0;   ///< of all links
  int held_out_sizes = 0;
  Contention contention;
};

/// A link is told apart from its class when a message of kSlowBytes takes this many times as long as on the
/// class's median link.
inline constexpr double kSlowFactor = 3;
inline constexpr double kSlowBytes = 64 << 10;

/// The classes that have links: same host first.
std::vector<LinkClass> classes_of(std::span<const LinkFit> links);

/// How many times as long as on its class's median link a message of kSlowBytes takes; 1 for a class of none.
double slowness(const LinkFit& link, std::span<const LinkClass> classes);

/// Pairs with a time that is none (<= 0, not finite) do not count.
Contention contention_of(std::span<const CrowdTime> times, int pairs, double bytes);

}  // namespace pliant
