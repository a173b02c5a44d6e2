#include "kernels/streaming_topk.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "kernels/guess.hpp"
#include "kernels/kth.hpp"

namespace pliant {
namespace {

/// Lists have room for twice the wanted entries and this many more before they are cut back.
constexpr std::int64_t kSpareCandidates = 65536;
constexpr std::int64_t kMostMembers = 64;
/// Margins in standard deviations: a wider one makes more candidates, a narrower one more second passes.
constexpr double kFirstMargin = 3;
constexpr double kSecondMargin = 32;

/// The ranges of one selection, one per thread, in order.
template <class T>
struct Ranges {
  std::array<StreamRange<T>, kMostMembers> items;
  std::array<MagnitudeBits<T>, kMostMembers> taken_above{};  ///< candidates above this are +0 in the residual
  std::array<std::int64_t, kMostMembers> ties{};             ///< number of picks equal to the k-th
  std::array<std::int64_t, kMostMembers + 1> first_pick{};   ///< position of its first pick among all
  int used = 0;

  std::size_t size() const { return static_cast<std::size_t>(used); }
  std::span<StreamRange<T>> all() { return std::span(items).first(size()); }
};

/// The ranges of a selection, and the memory of their lists.
template <class T>
struct Layout {
  std::int64_t blocks;
  int ranges;
  std::int64_t length;  ///< elements per range
  std::int64_t room;    ///< capacity of a range's lists
  std::uint32_t* indices;
  T* values;
  MagnitudeBits<T>* band;
  double* squares;

  Layout(SelectWorkspace& workspace, std::int64_t count, std::int64_t kept)
      : blocks((count + kSquaresBlock - 1) / kSquaresBlock) {
    const std::int64_t members = workspace.team == nullptr ? 1 : workspace.team->members();
    ranges = static_cast<int>(std::max<std::int64_t>(1, std::min({members, blocks, kMostMembers})));
    length = (blocks + ranges - 1) / ranges * kSquaresBlock;
    room = std::min(length, 2 * kept + kSpareCandidates) + kListSlack;
    indices = workspace.indices.of<std::uint32_t>(room * ranges);
    values = workspace.values.of<T>(room * ranges);
    band = workspace.band.of<MagnitudeBits<T>>(room * ranges);
    squares = workspace.squares.of<double>(blocks);
  }
};

template <class T>
void lay_out(Ranges<T>& ranges, const SelectCall<T>& call, SelectWorkspace& workspace) {
  const Layout<T> layout(workspace, call.count, call.kept);
  ranges.used = layout.ranges;
  std::uint32_t* histogram = nullptr;
  if (call.curve != nullptr) {
    histogram = workspace.histogram.of<std::uint32_t>(ranges.used * kHistograms * kBuckets<T>);
    std::fill_n(histogram, ranges.used * kHistograms * kBuckets<T>, 0U);
  }
  for (int i = 0; i < ranges.used; ++i) {
    StreamRange<T>& range = ranges.items[static_cast<std::size_t>(i)];
    range.residual = call.residual;
    range.gradient = call.gradient;
    range.begin = std::min(i * layout.length, call.count);
    range.end = std::min(range.begin + layout.length, call.count);
    range.block_squares = layout.squares;
    range.histogram = histogram == nullptr ? nullptr : histogram + i * kHistograms * kBuckets<T>;
    range.indices = layout.indices + i * layout.room;
    range.values = layout.values + i * layout.room;
    range.band = layout.band + i * layout.room;
    range.capacity = layout.room;
  }
}

/// Prepares the ranges to stream with a guess.
template <class T>
void aim(Ranges<T>& ranges, const SelectCall<T>& call, const Guess<T>& guess) {
  const bool nothing = call.kept == 0;
  for (int i = 0; i < ranges.used; ++i) {
    const auto at = static_cast<std::size_t>(i);
    StreamRange<T>& range = ranges.items[at];
    range.candidates = range.in_band = 0;
    range.above = nothing ? kMostMagnitude<T> : guess.low - 1;
    range.take_above = call.take && !nothing ? guess.zero - 1 : kMostMagnitude<T>;
    range.band_top = guess.high;
    range.plateau = guess.low == guess.high;
    range.stop_at = range.capacity - kListSlack;
    if (range.plateau) range.stop_at = std::min(range.stop_at, call.kept);
    ranges.taken_above[at] = range.take_above;
  }
}

/// Returns the position behind the `wanted`-th entry equal to `bits`, from the front of a list.
template <class T>
std::int64_t after_equals(const StreamRange<T>& range, MagnitudeBits<T> bits, std::int64_t wanted) {
  std::int64_t at = 0;
  for (; wanted > 0; ++at) wanted -= magnitude(range.values[at]) == bits ? 1 : 0;
  return at;
}

/// The magnitudes of all candidates, stored in the band's memory.
template <class T>
std::span<const MagnitudeBits<T>> all_magnitudes(StreamRange<T>& range) {
  for (std::int64_t i = 0; i < range.candidates; ++i) range.band[i] = magnitude(range.values[i]);
  return {range.band, static_cast<std::size_t>(range.candidates)};
}

/// The squared norm of a vector that is being written, computed while its latest part is in cache.
template <class T>
class RunningNorm {
 public:
  RunningNorm(const T* values, const TopkLoops<T>& loops) : values_(values), loops_(loops) {}

  /// All elements before `end` are final.
  void reach(std::int64_t end) {
    const std::int64_t whole = (end - done_) / kSquaresBlock * kSquaresBlock;
    for (const std::int64_t stop = done_ + whole; done_ < stop; done_ += kSquaresBlock)
      total_ += loops_.squared_norm(values_ + done_, kSquaresBlock);
  }
  double total(std::int64_t end) {
    reach(end);
    return total_ + loops_.squared_norm(values_ + done_, end - done_);
  }

 private:
  const T* values_;
  const TopkLoops<T>& loops_;
  std::int64_t done_ = 0;
  double total_ = 0;
};

/// Keeps the candidates above `bits`, and the first `equals` equal to it, at out[at, end). Calls then(end of
/// the output so far) after each tile.
template <class T, class Then>
void pick(const StreamRange<T>& range, const TopkLoops<T>& loops, PickRange<T> out, MagnitudeBits<T> bits,
          std::int64_t equals, Then&& then) {
  constexpr std::int64_t kTile = 32768;
  out.indices = range.indices;
  out.values = range.values;
  const std::int64_t split = after_equals(range, bits, equals);
  const auto filter = [&](std::int64_t from, std::int64_t to, MagnitudeBits<T> above) {
    out.above = above;
    for (out.from = from; out.from < to; out.from = out.to) {
      out.to = std::min(out.from + kTile, to);
      out.at = loops.pick(out);
      then(out.at);
    }
  };
  filter(0, split, bits - 1);
  filter(split, range.candidates, bits);
}

/// Cuts a full list back to k entries. Its own k-th magnitude is a lower bound for all lists. Later equal
/// elements cannot be picked either, since k elements with lower indices are in the list.
template <class T>
void raise(StreamRange<T>& range, MagnitudeBits<T>& taken_above, const SelectCall<T>& call,
           const TopkLoops<T>& loops) {
  const std::array lists = {all_magnitudes(range)};
  // If most candidates have the least possible magnitude, counting shows at once that it is the bound. The
  // list holds more than k entries. If fewer than k are above it, the k-th is on it.
  MagnitudeBits<T> bound = range.above + 1;
  std::int64_t greater = loops.count_against(lists[0], bound).greater;
  if (greater >= call.kept) {
    bound = kth_largest<T>(lists, call.kept, 0, kMostMagnitude<T>, loops);
    greater = loops.count_against(lists[0], bound).greater;
  }
  PickRange<T> out;
  out.residual = call.take ? call.residual : nullptr;
  out.taken_above = taken_above;
  out.out_indices = range.indices;
  out.out_values = range.values;
  out.end = range.capacity;
  pick(range, loops, out, bound, call.kept - greater, [](std::int64_t) {});
  range.candidates = call.kept;
  range.above = bound;
  range.band_top = -1;
  range.in_band = 0;
  range.stop_at = range.capacity - kListSlack;
  if (call.take) {
    range.take_above = bound;
    taken_above = bound - 1;
  }
}

template <class T>
void stream(Ranges<T>& ranges, int i, const SelectCall<T>& call, const TopkLoops<T>& loops) {
  const auto item = static_cast<std::size_t>(i);
  StreamRange<T>& range = ranges.items[item];
  for (std::int64_t at = range.begin; (at = loops.stream(range, at)) < range.end;) {
    if (range.plateau && range.above < range.band_top) {
      // The list holds k elements on or above the plateau, so later ones on it cannot be picked.
      range.above = range.band_top;
      if (call.take) range.take_above = range.above;
      range.stop_at = range.capacity - kListSlack;
    } else {
      raise(range, ranges.taken_above[item], call, loops);
    }
  }
}

/// Puts the taken elements back into the residual, after a pass with too few candidates.
template <class T>
void undo(Ranges<T>& ranges, const SelectCall<T>& call) {
  if (!call.take) return;
  for (int i = 0; i < ranges.used; ++i) {
    const StreamRange<T>& range = ranges.items[static_cast<std::size_t>(i)];
    for (std::int64_t j = 0; j < range.candidates; ++j)
      if (magnitude(range.values[j]) > ranges.taken_above[static_cast<std::size_t>(i)])
        call.residual[range.indices[j]] = range.values[j];
  }
}

/// The k-th magnitude, and the number of elements of each range above it and equal to it.
template <class T>
struct Threshold {
  MagnitudeBits<T> bits = 0;
  std::array<std::int64_t, kMostMembers> greater{};
  std::array<std::int64_t, kMostMembers> equal{};
};

template <class T>
Threshold<T> refine(Ranges<T>& ranges, std::int64_t kept, const Guess<T>& guess, const TopkLoops<T>& loops) {
  Threshold<T> threshold;
  std::int64_t beyond_band = 0;
  for (const StreamRange<T>& range : ranges.all()) beyond_band += range.candidates - range.in_band;
  // Either the k-th is above the band, or a list was cut back, which leaves k candidates and no band. The
  // bands then do not contain the answer, so use all candidates.
  const bool whole = beyond_band >= kept;
  const bool plateau = !whole && ranges.items[0].plateau;
  std::array<std::span<const MagnitudeBits<T>>, kMostMembers> lists;
  for (std::size_t i = 0; i < ranges.size() && !plateau; ++i) {
    StreamRange<T>& range = ranges.items[i];
    lists[i] = whole ? all_magnitudes(range)
                     : std::span<const MagnitudeBits<T>>(range.band, static_cast<std::size_t>(range.in_band));
  }
  threshold.bits = guess.high;
  if (whole) {
    threshold.bits = kth_largest<T>(std::span(lists).first(ranges.size()), kept, 0, kMostMagnitude<T>, loops);
  } else if (!plateau) {
    threshold.bits = kth_largest<T>(std::span(lists).first(ranges.size()), kept - beyond_band, guess.low,
                                    guess.high, loops);
  }
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const StreamRange<T>& range = ranges.items[i];
    const MagnitudeCounts counts = loops.count_against(lists[i], threshold.bits);
    threshold.greater[i] = (whole ? 0 : range.candidates - range.in_band) + counts.greater;
    threshold.equal[i] = plateau ? range.in_band : counts.equal;
  }
  return threshold;
}

/// Computes the number of picks of each range, and of ties among them. Ties go to lower indices.
template <class T>
void share_ties(Ranges<T>& ranges, const Threshold<T>& threshold, std::int64_t kept) {
  std::int64_t ties = kept;
  for (std::size_t i = 0; i < ranges.size(); ++i) ties -= threshold.greater[i];
  std::int64_t at = 0;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    ranges.ties[i] = std::min(ties, threshold.equal[i]);
    ties -= ranges.ties[i];
    ranges.first_pick[i] = at;
    at += threshold.greater[i] + ranges.ties[i];
  }
  ranges.first_pick[ranges.size()] = at;
}

/// Writes the picks of all ranges in order: in place for a single range, otherwise into joined lists. Returns
/// their squared norm.
template <class T>
double emit(Ranges<T>& ranges, MagnitudeBits<T> bits, SelectCall<T>& call, SelectWorkspace& workspace,
            const TopkLoops<T>& loops) {
  call.indices = ranges.items[0].indices;
  call.values = ranges.items[0].values;
  if (ranges.used > 1) {
    call.indices = workspace.joined_indices.of<std::uint32_t>(call.kept);
    call.values = workspace.joined_values.of<T>(call.kept);
  }
  RunningNorm<T> norm(call.values, loops);
  for_each_member(workspace, ranges.used, [&](int member) {
    const auto i = static_cast<std::size_t>(member);
    PickRange<T> out;
    out.residual = call.take ? call.residual : nullptr;
    out.taken_above = ranges.taken_above[i];
    out.out_indices = call.indices;
    out.out_values = call.values;
    out.at = ranges.first_pick[i];
    out.end = ranges.used > 1 ? ranges.first_pick[i + 1] : ranges.items[0].capacity;
    pick(ranges.items[i], loops, out, bits, ranges.ties[i], [&](std::int64_t end) {
      if (ranges.used == 1) norm.reach(end);
    });
  });
  return norm.total(call.kept);
}

/// Streams until the candidates include the k largest. Returns the last guess.
template <class T>
Guess<T> collect(Ranges<T>& ranges, SelectCall<T> call, SelectWorkspace& workspace,
                 const TopkLoops<T>& loops) {
  for (int attempt = 0;; ++attempt) {
    Guess<T> guess{0, kMostMagnitude<T>, kMostMagnitude<T>};
    if (attempt < 2 && call.kept > 0)
      guess = guess_threshold(call, attempt == 0 ? kFirstMargin : kSecondMargin, workspace.sample);
    aim(ranges, call, guess);
    for_each_member(workspace, ranges.used, [&](int member) { stream(ranges, member, call, loops); });
    std::int64_t candidates = 0;
    for (const StreamRange<T>& range : ranges.all()) candidates += range.candidates;
    if (candidates >= call.kept) return guess;
    undo(ranges, call);
    call.gradient = nullptr;  // the first pass has added it
    for (StreamRange<T>& range : ranges.all()) {
      range.gradient = nullptr;
      range.histogram = nullptr;
    }
  }
}

}  // namespace

template <class T>
void reserve_selection(SelectWorkspace& workspace, std::int64_t count, std::int64_t kept) {
  const Layout<T> touched(workspace, count, kept);
  if (touched.ranges == 1) return;
  workspace.joined_indices.of<std::uint32_t>(kept);
  workspace.joined_values.of<T>(kept);
}

template void reserve_selection<float>(SelectWorkspace&, std::int64_t, std::int64_t);

template <class T>
Selection streaming_topk(SelectCall<T>& call, SelectWorkspace& workspace, const TopkLoops<T>& loops) {
  Selection selection;
  Ranges<T> ranges;
  lay_out(ranges, call, workspace);
  const std::uint32_t* const histogram = ranges.items[0].histogram;  // not counted again in a second pass
  const Guess<T> guess = collect(ranges, call, workspace, loops);
  Threshold<T> threshold;
  if (call.kept > 0) threshold = refine(ranges, call.kept, guess, loops);
  share_ties(ranges, threshold, call.kept);
  selection.sent_squared = emit(ranges, threshold.bits, call, workspace, loops);
  const std::int64_t blocks = (call.count + kSquaresBlock - 1) / kSquaresBlock;
  for (std::int64_t b = 0; b < blocks; ++b) selection.total_squared += ranges.items[0].block_squares[b];
  if (!std::isfinite(selection.sent_squared))
    selection.nonfinite = std::count_if(call.values, call.values + call.kept,
                                        [](T value) { return magnitude(value) >= Magnitude<T>::kInfinity; });
  if (call.curve != nullptr)
    fill_gain_curve<T>({histogram, static_cast<std::size_t>(ranges.used * kHistograms * kBuckets<T>)},
                       selection.total_squared, *call.curve);
  return selection;
}

template Selection streaming_topk(SelectCall<float>&, SelectWorkspace&, const TopkLoops<float>&);
template Selection streaming_topk(SelectCall<double>&, SelectWorkspace&, const TopkLoops<double>&);

}  // namespace pliant
