// The kernels and their arguments, for host and device code. Includes no CUDA header.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pliant::cuda {

/// Threads per block, in all kernels.
inline constexpr unsigned kBlockThreads = 256;
/// Elements that are streamed and squared together: kSquaresBlock of kernels.hpp.
inline constexpr unsigned kTile = 4096;
/// Buckets when narrowing an interval of magnitudes; also kBuckets<float> of gain_curve.hpp.
inline constexpr unsigned kBins = 2048;
/// Number of narrowings that find any magnitude of 31 bits.
inline constexpr unsigned kPasses = 3;
/// Number of neighbours that are sampled together.
inline constexpr unsigned kNeighbours = 16;
inline constexpr unsigned kMostStrata = 4096;
/// Greater than any magnitude.
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
  gather,
  take,
  scatter_add,
  kernels
};
inline constexpr std::size_t kKernels = static_cast<std::size_t>(Kernel::kernels);

/// Counters of finished blocks, for kernels whose last block does additional work.
enum class Ticket : unsigned { sample, stream, narrow, share, tickets };

/// Three magnitudes. Their promises are checked, so a wrong guess only costs time.
struct Thresholds {
  std::uint32_t tie;   ///< elements above it are candidates; those on it are only counted
  std::uint32_t zero;  ///< candidates of at least this are taken at once
  std::uint32_t high;  ///< elements above it are certainly picked
};

/// Data that the stages of a selection exchange, in device memory. Zero before the first selection. Each
/// stage resets its counts to zero for the next.
struct SelectState {
  Thresholds thresholds;
  std::uint32_t used;         ///< candidates so far; the pool overflowed if they exceed its capacity
  std::uint32_t beyond;       ///< candidates above `high`
  std::uint32_t ties;         ///< elements on `tie`
  std::uint32_t nonfinite;    ///< among the selected values
  std::uint32_t low;          ///< the k-th magnitude is in [low, top] ...
  std::uint32_t top;          ///< ... (both equal it, in the end)
  std::uint32_t rank;         ///< ... and is the rank-th largest there, from 1
  std::uint32_t candidates;   ///< in the pool
  std::uint32_t zeroed_from;  ///< candidates of at least this are +0 in the residual
  std::uint32_t whole;        ///< the pool is not enough: use the whole residual
  std::uint32_t tied;         ///< the k-th equals `tie`: all candidates are picked
  std::uint32_t tickets[static_cast<std::size_t>(Ticket::tickets)];
};

/// The result of a selection, as in Selection of kernels.hpp. Written by `totals`.
struct DeviceSelection {
  double sent_squared;
  double total_squared;
  std::uint64_t nonfinite;
};

/// The source of stream's thresholds.
enum class Aim : std::uint32_t {
  guess,       ///< from the state
  everything,  ///< all elements except zeros are candidates
  nothing      ///< no candidates: k = 0
};

struct SampleArguments {
  const float* residual;
  const float* gradient;  ///< null: none
  std::uint32_t count;
  std::uint32_t strata;  ///< <= kMostStrata, of 16 elements at least
  std::uint32_t rank;    ///< of the k-th among the sampled, from 1
  std::uint32_t unused;  ///< explicit padding, which would otherwise be uninitialised
  SelectState* state;
  float* sample;             ///< [strata][kNeighbours]
  std::uint32_t* histogram;  ///< [kBins], zero on entry and exit
};

/// Arguments of stream, stream_counting, narrow, share and emit. `tiles` is the number of tiles.
struct SelectArguments {
  float* residual;        ///< [count], aligned to 16 bytes
  const float* gradient;  ///< [count], of any alignment; null: `residual` is error-fed already
  std::uint32_t count;
  std::uint32_t kept;
  std::uint32_t capacity;  ///< capacity of the pool
  std::uint32_t take;      ///< 0: selected elements stay in the residual
  Aim aim;
  std::uint32_t pass;  ///< pass of narrow
  SelectState* state;
  std::uint32_t* pool_indices;  ///< [capacity]; a tile's entries are contiguous and ascend
  float* pool_values;           ///< [capacity], aligned to 16 bytes
  std::uint32_t* offsets;       ///< [tiles] position of a tile's candidates in the pool
  std::uint32_t* hits;          ///< [tiles] number of candidates in the pool; 0 if they did not fit
  std::uint32_t* first;         ///< [tiles] elements above the k-th, later the position of the first pick
  std::uint32_t* ties;          ///< [tiles] elements on `tie`, then elements on the k-th, then picked ties
  double* squares;              ///< [tiles]
  std::uint32_t* histogram;     ///< [kBins], zero on entry and exit
  std::uint32_t* magnitudes;    ///< [kBins] for stream_counting: added to
  std::uint32_t* indices;       ///< [kept] out, ascending
  float* values;                ///< [kept] out
};

/// squares[t] = squared norm of tile t. Adds the number of NaN and infinities to *nonfinite, if not null.
struct NormArguments {
  const float* values;
  std::int64_t count;
  double* squares;
  std::uint32_t* nonfinite;
};

/// Sums the squared norms of tiles, in order.
struct TotalsArguments {
  const double* total_squares;
  const double* sent_squares;
  std::uint32_t total_tiles;
  std::uint32_t sent_tiles;
  SelectState* state;
  DeviceSelection* selection;
};

/// Arguments of accumulate and drain.
///   accumulate   into += from                            squares: of into
///   drain        result = into + from, into = +0         squares: of result; result may be from
struct FeedArguments {
  float* into;
  const float* from;
  float* result;
  std::int64_t count;
  double* squares;
};

/// Arguments of gather, take and scatter_add. All indices must differ.
///   gather       values[j] = into[indices[j]]
///   take         the same; then into[indices[j]] = +0
///   scatter_add  into[indices[j]] += values[j]
struct MoveArguments {
  float* into;
  const std::uint32_t* indices;
  float* values;
  std::int64_t kept;
};

}  // namespace pliant::cuda
