// Writes the picks in order of index. First it counts the picks of each tile, then it finds where they begin.
//
//   k = 5, two of the three on the k-th magnitude:
//   tile          0      1      2
//   above         1      0      2        share: counted, then scanned by the last block
//   equal         1      1      1
//   first         0      2      3
//   ties picked   1      1      0        the lowest indices
#pragma once

#include "kernels/cuda/stream.cuh"

namespace pliant::cuda {

/// Adds to a warp's counts in a tile: above the k-th magnitude in the low half, equal to it in the high half.
PLIANT_DEVICE std::uint32_t compare_magnitude(float value, std::uint32_t kth) {
  const std::uint32_t m = magnitude_of(value);
  return (m > kth ? 1U : 0U) + (m == kth ? 0x10000U : 0U);
}

PLIANT_DEVICE std::uint32_t count_residual(const float* tile, unsigned left, std::uint32_t kth) {
  std::uint32_t counts = 0;
  if (left == kTile) {
    PLIANT_UNROLL(4)
    for (unsigned i = lane() * 4; i < kTile; i += 4 * gpu::kWarp) {
      const gpu::Float4 quad = gpu::load4(tile + i);
      for (const float value : quad.item) counts += compare_magnitude(value, kth);
    }
  } else {
    for (unsigned i = lane(); i < left; i += gpu::kWarp) counts += compare_magnitude(tile[i], kth);
  }
  return counts;
}

PLIANT_DEVICE std::uint32_t count_pool(const float* values, std::uint32_t hits, std::uint32_t kth) {
  std::uint32_t counts = 0;
  PLIANT_UNROLL(4)
  for (unsigned i = lane(); i < hits; i += gpu::kWarp) counts += compare_magnitude(values[i], kth);
  return counts;
}

/// Run by the last block, where each thread has adjacent tiles. Turns counts into positions and shares of the
/// ties.
PLIANT_DEVICE void share_ties(const SelectArguments& a, std::uint32_t tiles, bool tied,
                              std::uint32_t wanted) {
  const std::uint32_t each = (tiles + kBlockThreads - 1) / kBlockThreads;
  const std::uint32_t begin = at_most(gpu::thread() * each, tiles);
  const std::uint32_t end = at_most(begin + each, tiles);
  const std::uint32_t* const above = tied ? a.hits : a.first;
  std::uint32_t sum_above = 0;
  std::uint32_t sum_equal = 0;
  PLIANT_UNROLL(8)
  for (std::uint32_t tile = begin; tile < end; ++tile) {
    sum_above += above[tile];
    sum_equal += a.ties[tile];
  }
  std::uint32_t above_before = block_scan(sum_above).before;
  std::uint32_t equal_before = block_scan(sum_equal).before;
  PLIANT_UNROLL(4)
  for (std::uint32_t tile = begin; tile < end; ++tile) {
    const std::uint32_t here_above = above[tile];
    const std::uint32_t here_equal = a.ties[tile];
    const std::uint32_t picked = at_most(equal_before, wanted);
    a.first[tile] = above_before + picked;
    a.ties[tile] = at_most(here_equal, wanted - picked);
    above_before += here_above;
    equal_before += here_equal;
  }
}

PLIANT_KERNEL void share_kernel(SelectArguments a) {
  const SelectState& s = *a.state;
  const std::uint32_t kth = s.low;
  const std::uint32_t wanted = s.rank;
  const bool whole = s.whole != 0;
  const bool tied = s.tied != 0;  // then stream has counted already
  const std::uint32_t tiles = (a.count - 1) / kTile + 1;
  for (std::uint32_t tile = gpu::block() * kWarps + warp(); tile < tiles && !tied;
       tile += gpu::blocks() * kWarps) {
    const std::uint32_t base = tile * kTile;
    const std::uint32_t counts =
        warp_sum(whole ? count_residual(a.residual + base, at_most(a.count - base, kTile), kth)
                       : count_pool(a.pool_values + a.offsets[tile], a.hits[tile], kth));
    if (lane() != 0) continue;
    a.first[tile] = counts & 0xffff;
    a.ties[tile] = counts >> 16;
  }
  if (last_block(ticket_of(a.state, Ticket::share))) share_ties(a, tiles, tied, wanted);
}

/// The position of a warp's next pick, and the criteria for picks.
struct Picking {
  std::uint32_t kth;
  std::uint32_t zeroed_from;
  std::uint32_t at;    ///< position of the next pick
  std::uint32_t end;   ///< end of the tile's picks
  std::uint32_t ties;  ///< ties still to be picked
};

/// Processes 32 elements in order, one per thread: picks those above, and the first equal ones. `cleared`:
/// the residual has +0 at this thread's element.
PLIANT_DEVICE void pick(const SelectArguments& a, Picking& p, bool above, bool equal, std::uint32_t index,
                        float value, bool cleared) {
  const std::uint32_t equals = gpu::ballot(gpu::kAllLanes, equal);
  const bool tie = equal && static_cast<std::uint32_t>(gpu::count_bits(equals & channels_below())) < p.ties;
  const bool picked = above || tie;
  const std::uint32_t picks = gpu::ballot(gpu::kAllLanes, picked);
  if (picked) {
    const std::uint32_t to = p.at + static_cast<std::uint32_t>(gpu::count_bits(picks & channels_below()));
    a.indices[to] = index;
    a.values[to] = value;
  }
  if (picked && !cleared && a.take != 0) a.residual[index] = 0;
  if (!picked && cleared) a.residual[index] = value;
  p.at += static_cast<std::uint32_t>(gpu::count_bits(picks));
  p.ties -= at_most(p.ties, static_cast<std::uint32_t>(gpu::count_bits(equals)));
}

PLIANT_DEVICE void pick_from_pool(const SelectArguments& a, Picking& p, std::uint32_t begin,
                                  std::uint32_t hits) {
  for (std::uint32_t first = 0; first < hits; first += gpu::kWarp) {
    const bool here = first + lane() < hits;
    const float value = here ? a.pool_values[begin + first + lane()] : 0;
    const std::uint32_t index = here ? a.pool_indices[begin + first + lane()] : 0;
    const std::uint32_t m = magnitude_of(value);
    pick(a, p, here && m > p.kth, here && m == p.kth, index, value, here && m >= p.zeroed_from);
  }
}

/// Words of a tile's bit mask, for each warp.
inline constexpr unsigned kWords = kTile / 32;

/// Stores the tile's candidates as bits, so that they can be merged in order with the elements between them.
template <class Array>
PLIANT_DEVICE void mark_candidates(const SelectArguments& a, std::uint32_t begin, std::uint32_t hits,
                                   Array& words) {
  gpu::warp_barrier(gpu::kAllLanes);  // the words of another tile have been read
  for (unsigned w = lane(); w < kWords; w += gpu::kWarp) words[warp() * kWords + w] = 0;
  gpu::warp_barrier(gpu::kAllLanes);
  for (std::uint32_t i = lane(); i < hits; i += gpu::kWarp) {
    const std::uint32_t at = a.pool_indices[begin + i] % kTile;
    gpu::atomic_or(&words[warp() * kWords + at / 32], 1U << at % 32);
  }
  gpu::warp_barrier(gpu::kAllLanes);
}

/// Picks candidates from the pool, all of which are above, and the others from the residual.
template <class Array>
PLIANT_DEVICE void pick_from_tile(const SelectArguments& a, Picking& p, std::uint32_t tile,
                                  std::uint32_t begin, std::uint32_t hits, Array& words) {
  mark_candidates(a, begin, hits, words);
  const std::uint32_t base = tile * kTile;
  const unsigned left = at_most(a.count - base, kTile);
  for (unsigned w = 0; w < kWords && p.at < p.end; ++w) {
    const unsigned at = w * 32 + lane();
    const std::uint32_t marked = words[warp() * kWords + w];
    const bool candidate = (marked >> lane() & 1) != 0;
    float value = 0;
    if (candidate) {
      value = a.pool_values[begin + static_cast<std::uint32_t>(gpu::count_bits(marked & channels_below()))];
    } else if (at < left) {
      value = a.residual[base + at];
    }
    const std::uint32_t m = magnitude_of(value);
    const bool other = !candidate && at < left;
    pick(a, p, candidate || (other && m > p.kth), other && m == p.kth, base + at, value,
         candidate && m >= p.zeroed_from);
    begin += static_cast<std::uint32_t>(gpu::count_bits(marked));
  }
}

PLIANT_KERNEL void emit_kernel(SelectArguments a) {
  PLIANT_SHARED_ARRAY(std::uint32_t, words, kWarps * kWords);
  const SelectState& s = *a.state;
  const bool whole = s.whole != 0;
  const bool tied = s.tied != 0;
  const std::uint32_t tiles = (a.count - 1) / kTile + 1;
  for (std::uint32_t tile = gpu::block() * kWarps + warp(); tile < tiles; tile += gpu::blocks() * kWarps) {
    Picking p{s.low, s.zeroed_from, a.first[tile], tile + 1 < tiles ? a.first[tile + 1] : a.kept,
              a.ties[tile]};
    const std::uint32_t begin = a.offsets[tile];
    const std::uint32_t hits = whole ? 0 : a.hits[tile];
    if (whole || (tied && p.ties > 0)) {
      if (p.at < p.end) pick_from_tile(a, p, tile, begin, hits, words);
    } else {
      pick_from_pool(a, p, begin, hits);
    }
  }
}

}  // namespace pliant::cuda
