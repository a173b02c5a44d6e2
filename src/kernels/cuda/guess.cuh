// Estimates the k-th magnitude from a sample, as in guess.hpp. All blocks draw elements, and the last block
// ranks them. The guess affects only the time of a selection.
#pragma once

#include "kernels/cuda/block.cuh"

namespace pliant::cuda {

/// The first digit of a rank: exponent and three bits of the mantissa. Two more digits of ten bits follow.
inline constexpr unsigned kFirstShift = 20;
inline constexpr unsigned kSecondShift = 10;
inline constexpr unsigned kDigits = 1024;
/// Standard deviations between `zero` and the other two, squared; and the additional ranks (guess.cpp).
inline constexpr unsigned kMarginSquared = 9;
inline constexpr std::uint32_t kRankSlack = 8;

/// A number in [0, 2^32) that varies between strata without a pattern (Knuth's multiplicative hash).
PLIANT_DEVICE std::uint32_t scattered(std::uint32_t stratum) {
  std::uint32_t x = stratum * 2654435769U;
  x ^= x >> 15;
  return x * 2246822519U;
}

/// Begin of the 16 sampled neighbours in a stratum. Strata have equal length.
PLIANT_DEVICE std::uint64_t stratum_begin(const SampleArguments& a, std::uint32_t stratum) {
  const std::uint64_t begin = std::uint64_t{stratum} * a.count / a.strata;
  const std::uint64_t end = (std::uint64_t{stratum} + 1) * a.count / a.strata;
  return begin + (std::uint64_t{scattered(stratum)} * (end - begin - kNeighbours + 1) >> 32);
}

/// Calls visit(four elements, number of the group) for all drawn elements, on the threads of one block.
template <class Visit>
PLIANT_DEVICE void for_each_drawn(const SampleArguments& a, Visit&& visit) {
  const unsigned quads = a.strata * kNeighbours / 4;
  PLIANT_UNROLL(8)
  for (unsigned quad = gpu::thread(); quad < quads; quad += kBlockThreads)
    visit(gpu::load4(a.sample + 4 * quad), quad);
}

/// Standard deviation of the number of sampled elements >= edge, from neighbouring strata, times the margin.
/// `hits` has room for all strata.
template <class Shared>
PLIANT_DEVICE std::uint32_t spread_at(const SampleArguments& a, Shared& hits, std::uint32_t edge) {
  fill_shared(hits, a.strata, 0);
  gpu::barrier();
  for_each_drawn(a, [&](const gpu::Float4& drawn, unsigned quad) {
    std::uint32_t here = 0;
    for (const float value : drawn.item) here += magnitude_of(value) >= edge ? 1 : 0;
    if (here > 0) gpu::atomic_add(&hits[quad / (kNeighbours / 4)], here);
  });
  gpu::barrier();
  std::uint32_t squares = 0;  // at most 4096 x 16^2
  for (unsigned s = gpu::thread() + 1; s < a.strata; s += kBlockThreads) {
    const std::uint32_t step = hits[s] - hits[s - 1];  // the square is right modulo 2^32
    squares += step * step;
  }
  squares = block_scan(squares).total;
  const std::uint32_t variance = squares * kMarginSquared / 2;
  std::uint32_t root = 0;
  for (std::uint32_t bit = 1U << 15; bit > 0; bit /= 2)
    if ((root + bit) * (root + bit) <= variance) root += bit;
  return root + kRankSlack;
}

/// Counts the next digits for three ranks: bins[1024 i, ...) counts the entries that begin with prefix[i].
template <class Shared>
PLIANT_DEVICE void next_digits(const SampleArguments& a, Shared& bins, const std::uint32_t (&prefix)[3],
                               unsigned shift) {
  fill_shared(bins, 3 * kDigits, 0);
  gpu::barrier();
  for_each_drawn(a, [&](const gpu::Float4& drawn, unsigned) {
    for (const float value : drawn.item) {
      const std::uint32_t begin = magnitude_of(value) >> shift;
      for (unsigned i = 0; i < 3; ++i)
        if (begin >> 10 == prefix[i]) gpu::atomic_add(&bins[i * kDigits + begin % kDigits], std::uint32_t{1});
    }
  });
}

/// Run by the last block. Widens the k-th's rank to three ranks, and turns these into magnitudes. The tie is
/// exact, since it may be a plateau. The others are rounded to an edge, with 8192 edges per octave.
template <class Shared>
PLIANT_DEVICE Thresholds rank_sample(const SampleArguments& a, Shared& bins) {
  const std::uint32_t size = a.strata * kNeighbours;
  for (unsigned i = gpu::thread(); i < kBins; i += kBlockThreads) bins[i] = gpu::load_fresh(a.histogram + i);
  const std::uint32_t edge = find_rank<kBins / kBlockThreads>(bins, 0, a.rank).bin << kFirstShift;
  const std::uint32_t spread = spread_at(a, bins, edge);
  gpu::barrier();
  fetch_bins(bins, a.histogram);
  std::uint32_t prefix[3];
  std::uint32_t rank[3] = {a.rank > spread ? a.rank - spread : 1, a.rank, at_most(a.rank + spread, size)};
  for (unsigned i = 0; i < 3; ++i) {
    const Found found = find_rank<kBins / kBlockThreads>(bins, 0, rank[i]);
    prefix[i] = found.bin;
    rank[i] = found.rank;
  }
  next_digits(a, bins, prefix, kSecondShift);
  for (unsigned i = 0; i < 3; ++i) {
    const Found found = find_rank<kDigits / kBlockThreads>(bins, i * kDigits, rank[i]);
    prefix[i] = prefix[i] * kDigits + found.bin;
    rank[i] = found.rank;
  }
  const std::uint32_t last[3] = {kNever, kNever, prefix[2]};
  next_digits(a, bins, last, 0);
  const std::uint32_t digit = find_rank<kDigits / kBlockThreads>(bins, 2 * kDigits, rank[2]).bin;
  Thresholds found;
  found.high = (prefix[0] + 1) * kDigits - 1;
  found.zero = prefix[1] * kDigits;
  found.tie = a.rank + spread > size ? 0 : prefix[2] * kDigits + digit;
  return found;
}

PLIANT_KERNEL void sample_kernel(SampleArguments a) {
  PLIANT_SHARED_ARRAY(std::uint32_t, bins, kMostStrata);
  const unsigned size = a.strata * kNeighbours;
  fill_shared(bins, kBins, 0);
  gpu::barrier();
  for (unsigned i = gpu::block() * kBlockThreads + gpu::thread(); i < size;
       i += gpu::blocks() * kBlockThreads) {
    const std::uint64_t at = stratum_begin(a, i / kNeighbours) + i % kNeighbours;
    float value = a.residual[at];
    if (a.gradient != nullptr) value = sum_of(value, a.gradient[at]);
    a.sample[i] = value;
    gpu::atomic_add(&bins[magnitude_of(value) >> kFirstShift], std::uint32_t{1});
  }
  gpu::barrier();
  flush_bins(bins, a.histogram);
  if (!last_block(ticket_of(a.state, Ticket::sample))) return;
  const Thresholds found = rank_sample(a, bins);
  if (gpu::thread() == 0) a.state->thresholds = found;
}

}  // namespace pliant::cuda
