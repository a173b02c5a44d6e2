// The kernels there are, and what each is given. Seen by host and device: no CUDA here.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pliant::cuda {

/// Threads of a block, in all kernels.
inline constexpr unsigned kBlockThreads = 256;
/// Elements that are streamed, and whose squares are summed, together: kSquaresBlock of kernels.hpp.
inline constexpr unsigned kTile = 4096;
/// Buckets of one narrowing of an interval of magnitudes; kBuckets<float> of gain_curve.hpp as well.
inline constexpr unsigned kBins = 2048;
/// Narrowings that find any magnitude of 31 bits.
inline constexpr unsigned kPasses = 3;
/// Neighbours that are sampled together.
inline constexpr unsigned kNeighbours = 16;
inline constexpr unsigned kMostStrata = 4096;
/// No magnitude is so large.
inline constexpr std::uint32_t kNever = 0xffffffffU;

enum class Kernel : unsigned {
  sample,
  stream,
  stream_counting,
  narrow,
  share,
  emit,
  norm,
  totals,
  accumulate,
  drain,
  ef21_begin,
  ef21_finish,
  gather,
  take,
  scatter_add,
  measure_gaps,
  pack,
  read_widths,
  unpack,
  add_up,
  reduce_float32_sum,  // [ElementType][ReduceOp], from here
  reduce_float32_min,
  reduce_float32_max,
  reduce_float32_prod,
  reduce_float64_sum,
  reduce_float64_min,
  reduce_float64_max,
  reduce_float64_prod,
  reduce_int32_sum,
  reduce_int32_min,
  reduce_int32_max,
  reduce_int32_prod,
  reduce_int64_sum,
  reduce_int64_min,
  reduce_int64_max,
  reduce_int64_prod,
  kernels
};
inline constexpr std::size_t kKernels = static_cast<std::size_t>(Kernel::kernels);

/// Kernels whose last block does something at the end count their blocks here.
enum class Ticket : unsigned { sample, stream, narrow, share, pack, unpack, tickets };

/// Three magnitudes, and what they promise is checked: a wrong guess costs time.
struct Thresholds {
  std::uint32_t tie;   ///< candidates are above; on it, elements are only counted
  std::uint32_t zero;  ///< taken at once: at least this, and a candidate
  std::uint32_t high;  ///< surely picked: above
};

/// What stages of a selection tell one another; in device memory. Zero before the first selection; each
/// leaves its counts at zero for the next.
struct SelectState {
  Thresholds thresholds;
  std::uint32_t used;         ///< candidates so far; more than the pool holds: it overflowed
  std::uint32_t beyond;       ///< of these, above `high`
  std::uint32_t ties;         ///< elements on `tie`
  std::uint32_t nonfinite;    ///< among the selected values
  std::uint32_t low;          ///< the k-th magnitude lies in [low, top] ...
  std::uint32_t top;          ///< (both the k-th, in the end)
  std::uint32_t rank;         ///< ... and is the rank-th largest there, from 1
  std::uint32_t candidates;   ///< in the pool
  std::uint32_t zeroed_from;  ///< candidates of at least this are +0 in the residual
  std::uint32_t whole;        ///< the pool does not tell: look at the whole residual
  std::uint32_t tied;         ///< the k-th is `tie`: all candidates are picked
  std::uint32_t tickets[static_cast<std::size_t>(Ticket::tickets)];
};

/// What a selection found, as Selection in kernels.hpp has it; written by `totals`.
struct DeviceSelection {
  double sent_squared;
  double total_squared;
  std::uint64_t nonfinite;
};

/// How stream finds its thresholds.
enum class Aim : std::uint32_t {
  guess,       ///< in the state
  everything,  ///< all elements but zeros are candidates
  nothing      ///< none is: k = 0
};

struct SampleArguments {
  const float* residual;
  const float* gradient;  ///< null: none
  std::uint32_t count;
  std::uint32_t strata;  ///< <= kMostStrata, of 16 elements at least
  std::uint32_t rank;    ///< of the k-th among the sampled, from 1
  std::uint32_t unused;  ///< arguments have no padding, which nobody would initialise
  SelectState* state;
  float* sample;             ///< [strata][kNeighbours]
  std::uint32_t* histogram;  ///< [kBins], zero; and left so
};

/// For stream, stream_counting, narrow, share and emit. `tiles` is the number of tiles.
struct SelectArguments {
  float* residual;        ///< [count], a multiple of 16 bytes
  const float* gradient;  ///< [count], of any alignment; null: `residual` is error-fed already
  std::uint32_t count;
  std::uint32_t kept;
  std::uint32_t capacity;  ///< of the pool
  std::uint32_t take;      ///< 0: what is selected stays in the residual
  Aim aim;
  std::uint32_t pass;  ///< of narrow
  SelectState* state;
  std::uint32_t* pool_indices;  ///< [capacity]; a tile's stand together and ascend
  float* pool_values;           ///< [capacity], a multiple of 16 bytes
  std::uint32_t* offsets;       ///< [tiles] where in the pool a tile's candidates begin
  std::uint32_t* hits;          ///< [tiles] how many there are; 0 where they found no room
  std::uint32_t* first;         ///< [tiles] picks above the k-th magnitude; then where the tile's picks begin
  std::uint32_t* ties;          ///< [tiles] elements on `tie`; then on the k-th; then its picks of these
  double* squares;              ///< [tiles]
  std::uint32_t* histogram;     ///< [kBins], zero; and left so
  std::uint32_t* magnitudes;    ///< [kBins] for stream_counting: added to
  std::uint32_t* indices;       ///< [kept] out, ascending
  float* values;                ///< [kept] out
};

/// squares[t] = squared norm of tile t; *nonfinite += NaN and infinities, if not null.
struct NormArguments {
  const float* values;
  std::int64_t count;
  double* squares;
  std::uint32_t* nonfinite;
};

/// Squared norms from those of tiles, added in order.
struct TotalsArguments {
  const double* total_squares;
  const double* sent_squares;
  std::uint32_t total_tiles;
  std::uint32_t sent_tiles;
  SelectState* state;
  DeviceSelection* selection;
};

/// For accumulate, drain, ef21_begin and ef21_finish.
///   accumulate   into += from                            squares: of into
///   drain        result = into + from, into = +0         squares: of result; result may be from
///   ef21_begin   result = from - into, into = from       squares: of result
///   ef21_finish  into -= from; total += result, result = total
struct FeedArguments {
  float* into;
  const float* from;
  float* result;
  float* total;
  std::int64_t count;
  double* squares;
};

/// For gather, take and scatter_add; indices differ from each other.
///   gather       values[j] = into[indices[j]]
///   take         the same; then into[indices[j]] = +0
///   scatter_add  into[indices[j]] += values[j]
struct MoveArguments {
  float* into;
  const std::uint32_t* indices;
  float* values;
  std::int64_t kept;
};

/// into[i] = op(into[i], from[i]).
struct ReduceArguments {
  void* into;
  const void* from;
  std::int64_t count;
};

/// What is wrong with packed indices, or nothing. Same order as index_block.cpp finds it.
enum class Refusal : std::uint32_t { none, short_for_widths, width, length, not_below_count, bits_behind };

/// How packing or unpacking went.
struct PackReport {
  std::uint64_t bytes;
  Refusal refusal;
};

/// For measure_gaps and pack (indices -> bytes), read_widths, unpack and add_up (bytes -> indices). The
/// format is index_block.cpp's, to the byte. `blocks` is ceil(kept / 128).
struct PackArguments {
  std::uint32_t* indices;  ///< [kept], ascending; out for the latter
  std::uint8_t* packed;    ///< out for the former: [its max_bytes()]
  std::uint64_t bytes;     ///< of `packed` to unpack
  std::uint64_t count;     ///< every index is below
  std::uint32_t kept;
  std::uint32_t unused;
  std::uint64_t* places;  ///< [blocks] where a block's bytes begin
  std::uint64_t* sums;    ///< [blocks] what a block's gaps add up to; then the index it begins with
  PackReport* report;
  std::uint32_t* ticket;
};

}  // namespace pliant::cuda
