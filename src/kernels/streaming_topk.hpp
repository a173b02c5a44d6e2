// Exact top-k with error feedback in one streaming pass.
//
//   guess    a stratified sample of residual + gradient gives three magnitudes:  low <= zero <= high
//   stream   acc = g + r. Elements above `low` become candidates (index, value). Those above `zero` are
//            taken at once. Candidates up to `high` are also noted as the band.
//   refine   the k-th magnitude is in the band, which has a few per cent of k entries: select there, exactly
//   pick     drop the candidates below it, assign ties by index, and undo wrong decisions of `zero`
//
// No guess makes the answer wrong.
//   - Too few candidates: undo, and stream once more with a lower `low`.
//   - Too many: their own k-th magnitude is a lower bound for all ranges, so elements below it are dropped.
//     Later elements equal to it are dropped, too, since ties go to lower indices. The bound also ends plateaus
//     (all equal, mostly zeros, few values): a plateau's list stops growing when it has k entries.
//
// Each thread processes one range of the elements. The results are joined in order, so the number of threads
// changes no bit.
#pragma once

#include <cstdint>

#include "kernels/kernels.hpp"
#include "kernels/magnitude.hpp"

namespace pliant {

/// One thread's range of the elements, and its results.
template <class T>
struct StreamRange {
  T* residual = nullptr;
  const T* gradient = nullptr;  ///< null: the residual is already error-fed
  std::int64_t begin = 0;       ///< a multiple of kSquaresBlock
  std::int64_t end = 0;
  double* block_squares = nullptr;     ///< [blocks of the whole vector] out; writes only this range's
  std::uint32_t* histogram = nullptr;  ///< [kHistograms][kBuckets<T>]; null: do not count

  std::uint32_t* indices = nullptr;  ///< [capacity] candidates
  T* values = nullptr;               ///< [capacity]
  MagnitudeBits<T>* band = nullptr;  ///< [capacity] magnitudes of the candidates up to `band_top`
  std::int64_t capacity = 0;
  std::int64_t candidates = 0;
  std::int64_t in_band = 0;

  MagnitudeBits<T> above = 0;       ///< candidates are magnitudes > above
  MagnitudeBits<T> take_above = 0;  ///< candidates > take_above are taken at once
  MagnitudeBits<T> band_top = 0;    ///< candidates <= band_top are in the band
  bool plateau = false;             ///< the band is a single magnitude: count it, do not note it
  std::int64_t stop_at = 0;         ///< begin no block with this many candidates or more
};

/// Input of pick(): filters candidates [from, to) into out[at, end).
template <class T>
struct PickRange {
  const std::uint32_t* indices = nullptr;
  const T* values = nullptr;
  std::int64_t from = 0;
  std::int64_t to = 0;
  MagnitudeBits<T> above = 0;            ///< magnitudes > above are picked
  MagnitudeBits<T> taken_above = 0;      ///< magnitudes > taken_above are already +0 in `residual`
  T* residual = nullptr;                 ///< null: `residual` keeps the picked elements
  std::uint32_t* out_indices = nullptr;  ///< may be `indices` itself, at <= from
  T* out_values = nullptr;
  std::int64_t at = 0;
  std::int64_t end = 0;
};

/// Extra capacity of a list: blocks begin below stop_at, and vectors are stored whole.
inline constexpr std::int64_t kListSlack = kSquaresBlock + 64;
/// Number of histograms. Neighbouring elements often fall into the same bucket; separate histograms avoid
/// dependent increments.
inline constexpr int kHistograms = 4;

struct MagnitudeCounts {
  std::int64_t greater = 0;
  std::int64_t equal = 0;
};

/// The loops that differ between instruction sets.
template <class T>
struct TopkLoops {
  /// Streams from `from`, a multiple of kSquaresBlock. Returns range.end, or the position where stop_at was
  /// reached.
  std::int64_t (*stream)(StreamRange<T>& range, std::int64_t from);
  /// Returns the end of the output.
  std::int64_t (*pick)(const PickRange<T>& range);
  /// Copies the entries in [low, high] into out[list.size() + one vector]; returns their number.
  std::int64_t (*gather_between)(std::span<const MagnitudeBits<T>> list, MagnitudeBits<T> low,
                                 MagnitudeBits<T> high, MagnitudeBits<T>* out);
  MagnitudeCounts (*count_against)(std::span<const MagnitudeBits<T>> list, MagnitudeBits<T> bits);
  double (*squared_norm)(const T* values, std::int64_t count);
};

/// Touches the memory that such a selection needs, before the first one.
template <class T>
void reserve_selection(SelectWorkspace& workspace, std::int64_t count, std::int64_t kept);

template <class T>
Selection streaming_topk(SelectCall<T>& call, SelectWorkspace& workspace, const TopkLoops<T>& loops);

}  // namespace pliant
