// Messages cut into segments, so that one segment is reduced or passed on while the next travels.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/link_model.hpp"

namespace pliant {

/// One or two stretches of memory, cut into segments; a segment never lies in both.
class Pieces {
 public:
  Pieces() = default;
  Pieces(std::int64_t segment_bytes, std::span<std::byte> first, std::span<std::byte> second = {})
      : segment_bytes_(segment_bytes), parts_{first, second} {}

  std::int64_t count() const { return of(parts_[0]) + of(parts_[1]); }
  std::span<std::byte> at(std::int64_t index) const {
    const std::int64_t in_first = of(parts_[0]);
    const auto part = index < in_first ? parts_[0] : parts_[1];
    const auto begin =
        static_cast<std::size_t>((index < in_first ? index : index - in_first) * segment_bytes_);
    return part.subspan(begin, std::min(static_cast<std::size_t>(segment_bytes_), part.size() - begin));
  }
  /// [byte] Length of the longest piece.
  std::int64_t longest() const {
    return std::min(segment_bytes_, static_cast<std::int64_t>(std::max(parts_[0].size(), parts_[1].size())));
  }

 private:
  std::int64_t of(std::span<std::byte> part) const {
    return (static_cast<std::int64_t>(part.size()) + segment_bytes_ - 1) / segment_bytes_;
  }

  std::int64_t segment_bytes_ = 1;
  std::array<std::span<std::byte>, 2> parts_;
};

/// Number of messages that `bytes` become.
constexpr std::int64_t segments_of(std::int64_t bytes, std::int64_t segment_bytes) {
  return (bytes + segment_bytes - 1) / segment_bytes;
}

/// Extra share of a longer message's transfer time, compared with segments. Two long messages that cross
/// between ranks partly wait for each other. Measured with Open MPI's TCP on emulated links: ring and
/// rabenseifner, 4 MiB over 4 hosts, took 1.6 and 1.5 times as long
/// (docs/results/2026-11-23-exact-on-links.md).
inline constexpr double kLongMessage = 0.5;

/// [s] Beyond kEagerBytes the sender first asks the receiver, and no data travel meanwhile.
inline double handshake_s(double bytes, const LinkModel& link) {
  return bytes > static_cast<double>(kEagerBytes)
             ? 2 * link.alpha_s + kLongMessage * bytes * link.beta_s_per_byte
             : 0;
}

/// [s] that a message of `bytes` keeps its link busy when others follow.
inline double occupancy_s(double bytes, const LinkModel& link) {
  return link.gap_s + handshake_s(bytes, link) + bytes * link.beta_s_per_byte;
}

/// [s] from the start of sending a lone message to its arrival.
inline double latency_s(double bytes, const LinkModel& link) {
  return link.alpha_s + handshake_s(bytes, link) + bytes * link.beta_s_per_byte;
}

/// [s] that `bytes` in segments keep their link busy.
inline double busy_s(double bytes, double segment_bytes, const LinkModel& link) {
  const double segment = std::min(bytes, segment_bytes);
  const double segments = std::max(1.0, std::ceil(bytes / segment_bytes));
  return segments * (link.gap_s + handshake_s(segment, link)) + bytes * link.beta_s_per_byte;
}

/// [s] latency_s() for bytes that travel in segments, one right behind the other.
inline double travel_s(double bytes, double segment_bytes, const LinkModel& link) {
  const double first = std::min(bytes, segment_bytes);
  const double others = bytes > first ? busy_s(bytes - first, segment_bytes, link) : 0;
  return latency_s(first, link) + others;
}

/// A segment length and the time it leads to.
struct SegmentChoice {
  std::int64_t bytes = 0;
  double s = 0;
};

/// The fastest of a ladder of segments, none longer than needed for `most_bytes` in one piece. If two differ
/// by less than the model can resolve, the longer one wins. cost_s(segment_bytes): [s].
template <class Cost>
SegmentChoice best_segment(std::int64_t most_bytes, Cost&& cost_s) {
  constexpr std::array<std::int64_t, 7> kLadder = {1 << 20,  256 << 10, kEagerBytes, 32 << 10,
                                                   16 << 10, 8 << 10,   4 << 10};
  constexpr double kWorthIt = 0.99;
  SegmentChoice best{std::int64_t{1} << 30, cost_s(std::int64_t{1} << 30)};
  for (const std::int64_t bytes : kLadder) {
    if (bytes >= most_bytes) continue;
    const double s = cost_s(bytes);
    if (s < kWorthIt * best.s) best = {bytes, s};
  }
  return best;
}

}  // namespace pliant
