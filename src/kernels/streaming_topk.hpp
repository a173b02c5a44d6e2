// Exact top-k with error feedback in one streaming pass.
//
//   guess    a stratified sample of residual + gradient gives three magnitudes:  low <= zero <= high
//   stream   acc = g + r; what lies above `low` becomes a candidate (index, value); what lies above `zero` is
//            taken at once; of the candidates, those up to `high` are noted as the band
//   refine   the k-th magnitude lies in the band, a few per cent of k: select there, exactly
//   pick     drop the candidates below it, hand out ties by index, and mend what `zero` took wrongly
//
// No guess makes the answer wrong. Too few candidates: undo, and stream once more with a lower `low`. Too
// many: their own k-th magnitude is a lower bound of everybody's, so what lies below it is dropped, and later
// equals too, since ties go to lower indices. That bound also ends plateaus (all equal, mostly zeros, few
// values): a plateau's list stops growing when it has k.
//
// A range of the elements is one thread's; what the threads found is joined in order, so that their number
// changes no bit.
#pragma once

#include <cstdint>

#include "kernels/kernels.hpp"
#include "kernels/magnitude.hpp"

namespace pliant {

/// One thread's range of the elements, and what it has found there.
template <class T>
struct StreamRange {
  T* residual = nullptr;
  const T* gradient = nullptr;  ///< null: residual is error-fed already
  std::int64_t begin = 0;       ///< a multiple of kSquaresBlock
  std::int64_t end = 0;
  double* block_squares = nullptr;     ///< [blocks of the whole vector] out, this range's own
  std::uint32_t* histogram = nullptr;  ///< [kHistograms][kBuckets<T>]; null: not asked for

  std::uint32_t* indices = nullptr;  ///< [capacity] candidates
  T* values = nullptr;               ///< [capacity]
  MagnitudeBits<T>* band = nullptr;  ///< [capacity] magnitudes of the candidates up to `band_top`
  std::int64_t capacity = 0;
  std::int64_t candidates = 0;
  std::int64_t in_band = 0;

  MagnitudeBits<T> above = 0;       ///< candidates are magnitudes > above
  MagnitudeBits<T> take_above = 0;  ///< those > take_above are taken at once
  MagnitudeBits<T> band_top = 0;    ///< candidates <= band_top are in the band
  bool plateau = false;             ///< the band is one magnitude: it is counted, not noted
  std::int64_t stop_at = 0;         ///< begin no block once there are so many candidates
};

/// Candidates [from, to) to be filtered into out[at, end).
template <class T>
struct PickRange {
  const std::uint32_t* indices = nullptr;
  const T* values = nullptr;
  std::int64_t from = 0;
  std::int64_t to = 0;
  MagnitudeBits<T> above = 0;            ///< picked are magnitudes > above
  MagnitudeBits<T> taken_above = 0;      ///< those > taken_above are +0 in `residual` already
  T* residual = nullptr;                 ///< null: it keeps what is picked
  std::uint32_t* out_indices = nullptr;  ///< may be `indices` itself, at <= from
  T* out_values = nullptr;
  std::int64_t at = 0;
  std::int64_t end = 0;
};

/// Room that a list needs beyond its entries: blocks are begun below stop_at, and vectors are stored whole.
inline constexpr std::int64_t kListSlack = kSquaresBlock + 64;
/// Neighbours fall into the same bucket; several histograms side by side keep their increments apart.
inline constexpr int kHistograms = 4;

struct MagnitudeCounts {
  std::int64_t greater = 0;
  std::int64_t equal = 0;
};

/// The loops that differ between instruction sets.
template <class T>
struct TopkLoops {
  /// From `from`, a multiple of kSquaresBlock, to the returned one: range.end, or where stop_at was reached.
  std::int64_t (*stream)(StreamRange<T>& range, std::int64_t from);
  /// Returns the end of what was written.
  std::int64_t (*pick)(const PickRange<T>& range);
  /// Entries of [low, high] into out[list.size() + slack of a vector]; returns their number.
  std::int64_t (*gather_between)(std::span<const MagnitudeBits<T>> list, MagnitudeBits<T> low,
                                 MagnitudeBits<T> high, MagnitudeBits<T>* out);
  MagnitudeCounts (*count_against)(std::span<const MagnitudeBits<T>> list, MagnitudeBits<T> bits);
  double (*squared_norm)(const T* values, std::int64_t count);
};

/// Touches the memory that such a selection needs, before there is one.
template <class T>
void reserve_selection(SelectWorkspace& workspace, std::int64_t count, std::int64_t kept);

template <class T>
Selection streaming_topk(SelectCall<T>& call, SelectWorkspace& workspace, const TopkLoops<T>& loops);

}  // namespace pliant
