// The pass over all elements: adds residual + gradient, collects candidates, and clears elements that are
// taken.
//
//   tile 0        tile 1        tile 2 ...   each 4096 elements, by one block; eight warps of 512 in a row
//   .x..x....x.   ..x.......x   x...x..x     x: candidates, |residual + gradient| > tie
//   pool:  x x x (tile 0)  x x x (tile 2)  x x (tile 1)    in what order tiles came is of no matter:
//   offsets: 0, 6, 3   hits: 3, 2, 3                       later stages go through the tiles in order
//
// A tile gets its position by one atomic addition. If its candidates do not fit, it leaves its elements in
// the residual. The last block computes the interval of the k-th magnitude.
#pragma once

#include "kernels/cuda/squares.cuh"

namespace pliant::cuda {

/// Elements per thread, as groups of four neighbours.
inline constexpr unsigned kQuads = 4;
inline constexpr unsigned kEach = 4 * kQuads;
inline constexpr unsigned kWarpElements = kTile / kWarps;
/// Buckets of gain_curve.hpp: the exponent and three bits of the mantissa.
inline constexpr unsigned kBucketBits = 20;

/// A thread's part of a tile. Element 4 q + c is the tile's element begin + 128 q + c.
struct Part {
  float item[kEach];
  unsigned begin;
  unsigned left;  ///< number of the tile's elements
};
PLIANT_DEVICE unsigned quad_at(const Part& part, unsigned q) {
  return part.begin + q * 4 * gpu::kWarp;
}

/// Counts of one warp, and then of one block, in a tile.
struct Counts {
  std::uint32_t hits;
  std::uint32_t ties;
};

/// A thread's candidates, and their positions among those of its warp.
struct Hits {
  std::uint32_t mask;    ///< bit e: item[e] is a candidate
  std::uint32_t before;  ///< four bytes: candidates of lower threads in each 128 neighbours
  std::uint32_t totals;  ///< four bytes: candidates of all threads in each 128 neighbours
};

PLIANT_DEVICE std::uint32_t sum_of_bytes(std::uint32_t bytes) {
  return (bytes & 0xff) + (bytes >> 8 & 0xff) + (bytes >> 16 & 0xff) + (bytes >> 24);
}

PLIANT_DEVICE bool is_aligned(const float* at) {
  return reinterpret_cast<std::uintptr_t>(at) % sizeof(gpu::Float4) == 0;
}

PLIANT_DEVICE void load_gradient(const float* from, const Part& part, gpu::Float4 (&quads)[kQuads]) {
  if (is_aligned(from)) {
    for (unsigned q = 0; q < kQuads; ++q) quads[q] = gpu::load4(from + quad_at(part, q));
  } else {
    for (unsigned e = 0; e < kEach; ++e) quads[e / 4].item[e % 4] = from[quad_at(part, e / 4) + e % 4];
  }
}

PLIANT_DEVICE void load_whole(const SelectArguments& a, std::uint32_t base, Part& part) {
  const float* const residual = a.residual + base;
  gpu::Float4 r[kQuads];
  for (unsigned q = 0; q < kQuads; ++q) r[q] = gpu::load4(residual + quad_at(part, q));
  if (a.gradient != nullptr) {
    gpu::Float4 g[kQuads];
    load_gradient(a.gradient + base, part, g);
    for (unsigned e = 0; e < kEach; ++e) part.item[e] = sum_of(r[e / 4].item[e % 4], g[e / 4].item[e % 4]);
  } else {
    for (unsigned e = 0; e < kEach; ++e) part.item[e] = r[e / 4].item[e % 4];
  }
}

/// Loads a part of the last tile. Elements behind the end are 0.
PLIANT_DEVICE void load_rest(const SelectArguments& a, std::uint32_t base, Part& part) {
  for (unsigned e = 0; e < kEach; ++e) {
    const unsigned at = quad_at(part, e / 4) + e % 4;
    part.item[e] = 0;
    if (at >= part.left) continue;
    const float value = a.residual[base + at];
    part.item[e] = a.gradient == nullptr ? value : sum_of(value, a.gradient[base + at]);
  }
}

/// Finds the positions of a thread's candidates among those of its warp. All threads of the warp must call
/// this.
PLIANT_DEVICE Hits place_hits(std::uint32_t mask) {
  Hits hits{mask, 0, 0};
  if (!gpu::any(gpu::kAllLanes, mask != 0)) return hits;
  std::uint32_t mine = 0;
  for (unsigned q = 0; q < kQuads; ++q)
    mine |= static_cast<std::uint32_t>(gpu::count_bits(mask >> 4 * q & 0xf)) << 8 * q;
  const std::uint32_t up_to = warp_scan(mine);  // at most 128 per byte
  hits.before = up_to - mine;
  hits.totals = gpu::shuffle(gpu::kAllLanes, up_to, gpu::kWarp - 1);
  return hits;
}

/// Sets residual to the computed sums, and to +0 for elements that are taken at once.
PLIANT_DEVICE void write_back(const SelectArguments& a, std::uint32_t base, const Part& part,
                              std::uint32_t zero) {
  for (unsigned q = 0; q < kQuads; ++q) {
    gpu::Float4 out;
    bool changed = a.gradient != nullptr;
    for (unsigned c = 0; c < 4; ++c) {
      const float value = part.item[4 * q + c];
      const bool taken = magnitude_of(value) >= zero;
      out.item[c] = taken ? 0.0F : value;
      changed = changed || taken;
    }
    const unsigned at = quad_at(part, q);
    if (!changed || at >= part.left) continue;
    float* const to = a.residual + base + at;
    if (at + 4 <= part.left) {
      gpu::store4(to, out);
    } else {
      for (unsigned c = 0; c < 4; ++c)
        if (at + c < part.left) to[c] = out.item[c];
    }
  }
}

/// Writes the thread's candidates to the pool. Those of its warp begin at `place`.
PLIANT_DEVICE void write_pool(const SelectArguments& a, std::uint32_t base, const Part& part,
                              const Hits& hits, std::uint32_t place) {
  for (unsigned q = 0; q < kQuads; ++q) {
    std::uint32_t to = place + (hits.before >> 8 * q & 0xff);
    for (unsigned c = 0; c < 4; ++c) {
      if ((hits.mask >> (4 * q + c) & 1) == 0) continue;
      a.pool_indices[to] = base + quad_at(part, q) + c;
      a.pool_values[to] = part.item[4 * q + c];
      ++to;
    }
    place += hits.totals >> 8 * q & 0xff;
  }
}

PLIANT_DEVICE Thresholds aim_of(const SelectArguments& a) {
  if (a.aim == Aim::everything) return {0, kNever, kNever};
  if (a.aim == Aim::nothing) return {kNever, kNever, kNever};
  Thresholds aim = a.state->thresholds;
  const std::uint32_t least = aim.tie == kNever ? kNever : aim.tie + 1;  // only candidates can be put back
  if (aim.zero < least) aim.zero = least;
  if (a.take == 0) aim.zero = kNever;
  return aim;
}

/// Run by one thread of the last block. Derives from the counts the interval of the k-th magnitude, and where
/// to search.
PLIANT_DEVICE void conclude(const SelectArguments& a, const Thresholds& aim) {
  SelectState& s = *a.state;
  const std::uint32_t used = gpu::atomic_exchange(&s.used, std::uint32_t{0});
  const std::uint32_t beyond = gpu::atomic_exchange(&s.beyond, std::uint32_t{0});
  const std::uint32_t ties = gpu::atomic_exchange(&s.ties, std::uint32_t{0});
  s.candidates = used;
  s.zeroed_from = aim.zero;
  s.whole = used > a.capacity ? 1 : 0;
  s.tied = 0;
  if (beyond >= a.kept) {
    s.low = (aim.high > aim.tie ? aim.high : aim.tie) + 1;
    s.top = 0x7fffffffU;
    s.rank = a.kept;
  } else if (used >= a.kept) {
    s.low = aim.tie + 1;
    s.top = at_most(aim.high, 0x7fffffffU);
    s.rank = a.kept - beyond;
  } else if (ties >= a.kept - used) {
    s.low = s.top = aim.tie;
    s.rank = a.kept - used;
    s.tied = 1;
  } else {
    s.low = 0;
    s.top = aim.tie == 0 ? 0 : at_most(aim.tie - 1, 0x7fffffffU);
    s.rank = a.kept - used - ties;
    s.whole = 1;
  }
}

/// Sums the counts of the first `warps` warps in a tile. There are two sets of counts, used in turn: warps
/// may write the next tile's counts while others still read this one's.
template <class Array>
PLIANT_DEVICE Counts counts_below(Array& counts, unsigned turn, unsigned warps) {
  Counts sum{0, 0};
  for (unsigned w = 0; w < warps; ++w) {
    const std::uint32_t both = counts[turn * kWarps + w];
    sum.hits += both & 0xffff;
    sum.ties += both >> 16;
  }
  return sum;
}

/// Run by thread 0. Assigns a tile's position in the pool, and fills its entries of the arrays. Returns its
/// ties.
template <class CountArray, class PlaceArray>
PLIANT_DEVICE std::uint32_t register_tile(const SelectArguments& a, std::uint32_t tile, CountArray& counts,
                                          PlaceArray& places, unsigned turn) {
  const Counts all = counts_below(counts, turn, kWarps);
  const std::uint32_t place = all.hits > 0 ? gpu::atomic_add(&a.state->used, all.hits) : 0;
  const bool fits = all.hits <= a.capacity && place <= a.capacity - all.hits;
  places[2 * turn] = place;
  places[2 * turn + 1] = fits ? 1 : 0;
  a.offsets[tile] = place;
  a.hits[tile] = fits ? all.hits : 0;
  a.ties[tile] = all.ties;
  return all.ties;
}

/// Counts magnitudes in a block's buckets of gain_curve.hpp.
template <class Array>
PLIANT_DEVICE void count_magnitudes(const Part& part, Array& buckets) {
  for (unsigned e = 0; e < kEach; ++e)
    if (quad_at(part, e / 4) + e % 4 < part.left)
      gpu::atomic_add(&buckets[magnitude_of(part.item[e]) >> kBucketBits], std::uint32_t{1});
}

/// Copies the part into shared memory, for the squares.
template <class Tile>
PLIANT_DEVICE void put_tile(const Part& part, Tile& tile) {
  for (unsigned e = 0; e < kEach; ++e) tile[slot_of(quad_at(part, e / 4) + e % 4)] = part.item[e];
}

/// Counts of a thread's part of a tile, compared with the thresholds.
struct Looked {
  std::uint32_t hits;  ///< bit e: item[e] is a candidate
  std::uint32_t ties;  ///< number of elements on the tie
  std::uint32_t beyond;
};
PLIANT_DEVICE Looked look(const SelectArguments& a, std::uint32_t base, const Thresholds& aim, Part& part) {
  if (part.left == kTile) {
    load_whole(a, base, part);
  } else {
    load_rest(a, base, part);
  }
  // The zeros behind the end are above no threshold. They may count as ties on 0, which is harmless. Then all
  // elements that are no candidates are ties, and at most as many are picked as there are.
  Looked seen{0, 0, 0};
  for (unsigned e = 0; e < kEach; ++e) {
    const std::uint32_t m = magnitude_of(part.item[e]);
    seen.hits |= (m > aim.tie ? 1U : 0U) << e;
    seen.ties += m == aim.tie ? 1 : 0;
    seen.beyond += m > aim.high && m > aim.tie ? 1 : 0;
  }
  return seen;
}

template <bool kCounting, class Buckets>
PLIANT_DEVICE void stream_tiles(const SelectArguments& a, Buckets& buckets) {
  PLIANT_SHARED_ARRAY(float, tile_items, kTileSlots);
  PLIANT_SHARED_ARRAY(std::uint32_t, counts, 2 * kWarps);
  PLIANT_SHARED_ARRAY(std::uint32_t, places, 4);
  const Thresholds aim = aim_of(a);
  const std::uint32_t tiles = (a.count - 1) / kTile + 1;
  std::uint32_t beyond = 0;
  std::uint32_t ties = 0;
  unsigned turn = 0;
  for (std::uint32_t tile = gpu::block(); tile < tiles; tile += gpu::blocks(), turn ^= 1) {
    const std::uint32_t base = tile * kTile;
    Part part;
    part.begin = warp() * kWarpElements + lane() * 4;
    part.left = at_most(a.count - base, kTile);
    const Looked seen = look(a, base, aim, part);
    put_tile(part, tile_items);
    if constexpr (kCounting) count_magnitudes(part, buckets);
    const Hits hits = place_hits(seen.hits);
    std::uint32_t tied = 0;
    if (gpu::any(gpu::kAllLanes, seen.ties != 0)) tied = warp_sum(seen.ties);
    if (lane() == 0) counts[turn * kWarps + warp()] = sum_of_bytes(hits.totals) | tied << 16;
    beyond += seen.beyond;
    gpu::barrier();
    // While one warp gets the tile's position, another adds up the squares.
    if (gpu::thread() == 0) ties += register_tile(a, tile, counts, places, turn);
    if (warp() == 1 && lane() < kSumLanes) {
      const double squares = tile_squares(tile_items, part.left);
      if (lane() == 0) a.squares[tile] = squares;
    }
    gpu::barrier();
    const bool fits = places[2 * turn + 1] != 0;
    write_back(a, base, part, fits ? aim.zero : kNever);
    if (fits) write_pool(a, base, part, hits, places[2 * turn] + counts_below(counts, turn, warp()).hits);
  }
  beyond = warp_sum(beyond);
  if (lane() == 0 && beyond > 0) gpu::atomic_add(&a.state->beyond, beyond);
  if (ties > 0) gpu::atomic_add(&a.state->ties, ties);
  if (last_block(ticket_of(a.state, Ticket::stream)) && gpu::thread() == 0) conclude(a, aim);
}

PLIANT_DENSE_KERNEL(4) void stream_kernel(SelectArguments a) {
  std::uint32_t* no_buckets = nullptr;
  stream_tiles<false>(a, no_buckets);
}

PLIANT_DENSE_KERNEL(4) void stream_counting_kernel(SelectArguments a) {
  PLIANT_SHARED_ARRAY(std::uint32_t, buckets, kBins);
  fill_shared(buckets, kBins, 0);
  gpu::barrier();
  stream_tiles<true>(a, buckets);
  flush_bins(buckets, a.magnitudes);
}

}  // namespace pliant::cuda
