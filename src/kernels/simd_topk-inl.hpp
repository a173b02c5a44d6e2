// The two hot loops of streaming_topk.hpp on vectors. Compiled once per instruction set (simd.cpp).
#if defined(PLIANT_KERNELS_SIMD_TOPK_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef PLIANT_KERNELS_SIMD_TOPK_INL
#undef PLIANT_KERNELS_SIMD_TOPK_INL
#else
#define PLIANT_KERNELS_SIMD_TOPK_INL
#endif

#include "kernels/front_lanes.hpp"
#include "kernels/simd-inl.hpp"
#include "kernels/streaming_topk.hpp"

HWY_BEFORE_NAMESPACE();
namespace pliant {
namespace HWY_NAMESPACE {

template <class T>
using BitVectors = hn::RebindToSigned<Vectors<T>>;
template <class T>
using BitVector = hn::Vec<BitVectors<T>>;

template <class T>
HWY_INLINE BitVector<T> magnitudes(Vector<T> values) {
  const BitVectors<T> d;
  return hn::And(hn::BitCast(d, values), hn::Set(d, kMostMagnitude<T>));
}

/// g++ 12 may keep a mask in a mask register as if it had 64 bits. Where it has to spill that register, it writes
/// 8 bits and reads 64 (seen with -fsanitize=thread). The empty statement forces a general register.
template <class M, class D>
HWY_INLINE std::uint64_t mask_bits(D d, M mask) {
  std::uint8_t bytes[(hn::MaxLanes(D()) + 7) / 8];
  hn::StoreMaskBits(d, mask, bytes);
  std::uint64_t bits = bytes[0];
  if constexpr (sizeof bytes > 1) bits |= std::uint64_t{bytes[sizeof bytes - 1]} << 8;
  asm("" : "+r"(bits));
  return bits;
}

/// Moves the lanes selected by a mask to the front of vectors of T and of as many indices. Instruction sets
/// without such an instruction look up the permutation. Highway 1.0 does so, too. But g++ 12 then copies the
/// table to the stack each time, which made the selection five times slower.
template <class T>
class FrontLanes {
  using Tag = Vectors<T>;
  static constexpr bool kNative = kLanes<T> != 8 && kLanes<T> != 4;

 public:
  HWY_INLINE explicit FrontLanes(hn::Mask<Tag> mask) : mask_(mask), bits_(mask_bits(Tag(), mask)) {}

  HWY_INLINE std::int64_t count() const { return std::popcount(bits_); }

  /// Works for any vector with as many lanes as T's.
  template <class V>
  HWY_INLINE V front(V values) const {
    const hn::DFromV<V> d;
    if constexpr (kNative) {
      return hn::Compress(values, hn::RebindMask(d, mask_));
    } else {
      const hn::Rebind<std::uint32_t, hn::DFromV<V>> words;
      const hn::Rebind<std::uint8_t, hn::DFromV<V>> bytes;
      const auto order = hn::PromoteTo(words, hn::LoadU(bytes, kFrontLanes[bits_].data()));
      if constexpr (sizeof(hn::TFromV<V>) == sizeof(std::uint64_t))
        return hn::TableLookupLanes(
            values, hn::IndicesFromVec(d, hn::PromoteTo(hn::RebindToUnsigned<hn::DFromV<V>>(), order)));
      else
        return hn::TableLookupLanes(values, hn::IndicesFromVec(d, order));
    }
  }

 private:
  hn::Mask<Tag> mask_;
  std::uint64_t bits_;
};

/// Vectors of indices, with lanes as wide as T's.
template <class T>
struct IndexLanes {
  using Tag = hn::RebindToUnsigned<Vectors<T>>;
  using Lane = hn::TFromD<Tag>;
  using Memory = hn::Rebind<std::uint32_t, Tag>;

  HWY_INLINE static hn::Vec<Tag> load(const std::uint32_t* from) {
    if constexpr (sizeof(T) == sizeof(std::uint32_t)) {
      return hn::LoadU(Tag(), from);
    } else {
      return hn::PromoteTo(Tag(), hn::LoadU(Memory(), from));
    }
  }
  HWY_INLINE static void store(hn::Vec<Tag> indices, std::uint32_t* to) {
    if constexpr (sizeof(T) == sizeof(std::uint32_t)) {
      hn::StoreU(indices, Tag(), to);
    } else {
      hn::StoreU(hn::TruncateTo(Memory(), indices), Memory(), to);
    }
  }
};

/// buckets[i] = the bucket of fed[i] + gradient[i], or of fed[i] without a gradient.
template <class T>
void find_buckets(const T* fed, const T* gradient, std::int64_t count, std::uint32_t* buckets) {
  const Vectors<T> d;
  const BitVectors<T> db;
  std::int64_t i = 0;
  for (; i + kLanes<T> <= count; i += kLanes<T>) {
    auto values = hn::LoadU(d, fed + i);
    if (gradient != nullptr) values = hn::Add(values, hn::LoadU(d, gradient + i));
    const auto bucket =
        hn::BitCast(typename IndexLanes<T>::Tag(), hn::ShiftRight<kBucketShift<T>>(magnitudes<T>(values)));
    IndexLanes<T>::store(bucket, buckets + i);
  }
  for (; i < count; ++i) {
    const T value = gradient == nullptr ? fed[i] : fed[i] + gradient[i];
    buckets[i] = static_cast<std::uint32_t>(magnitude(value) >> kBucketShift<T>);
  }
}

/// Count the magnitudes of residual + gradient in [begin, end) by bucket.
template <class T>
void count_buckets(const StreamRange<T>& range, std::int64_t begin, std::int64_t end) {
  std::array<std::uint32_t, kSquaresBlock> buckets;
  const std::int64_t count = end - begin;
  find_buckets(range.residual + begin, range.gradient == nullptr ? nullptr : range.gradient + begin, count,
               buckets.data());
  std::uint32_t* const histogram = range.histogram;
  const std::uint32_t* at = buckets.data();
  const std::uint32_t* const last = at + count;
  for (; at + kHistograms <= last; at += kHistograms) {
#pragma GCC unroll 16
    for (std::int64_t part = 0; part < kHistograms; ++part) ++histogram[part * kBuckets<T> + at[part]];
  }
  for (; at < last; ++at) ++histogram[*at];
}

/// The elements of a block after the last whole step.
template <class T, bool kFeed>
void stream_rest(StreamRange<T>& range, std::int64_t begin, std::int64_t end, T* fed) {
  for (std::int64_t i = begin; i < end; ++i) {
    const T value = kFeed ? range.residual[i] + range.gradient[i] : range.residual[i];
    fed[i - begin] = value;
    range.residual[i] = magnitude(value) > range.take_above ? T{0} : value;
    if (magnitude(value) <= range.above) continue;
    range.indices[range.candidates] = static_cast<std::uint32_t>(i);
    range.values[range.candidates++] = value;
  }
}

/// Processes one block, as described for `stream` in streaming_topk.hpp. Returns the block's sum of squares.
template <class T, bool kFeed>
double stream_block(StreamRange<T>& range, std::int64_t begin, std::int64_t end) {
  const Vectors<T> d;
  using Index = IndexLanes<T>;
  const auto above = hn::Set(BitVectors<T>(), range.above);
  const auto take_above = hn::Set(BitVectors<T>(), range.take_above);
  auto lane = hn::Iota(typename Index::Tag(), static_cast<typename Index::Lane>(begin));
  const auto lanes = hn::Set(typename Index::Tag(), static_cast<typename Index::Lane>(kLanes<T>));
  T* const residual = range.residual;
  const T* const gradient = range.gradient;
  std::uint32_t* indices = range.indices + range.candidates;
  T* values = range.values + range.candidates;
  SquareSums sums;
  std::int64_t i = begin;
  for (; i + kSquaresLanes <= end; i += kSquaresLanes) {
    ask_ahead(residual + i);
    if constexpr (kFeed) ask_ahead(gradient + i);
#pragma GCC unroll 16
    for (std::int64_t v = 0; v < kStepVectors<T>; ++v) {
      const std::int64_t at = i + v * kLanes<T>;
      auto fed = hn::LoadU(d, residual + at);
      if constexpr (kFeed) fed = hn::Add(fed, hn::LoadU(d, gradient + at));
      const auto bits = magnitudes<T>(fed);
      const auto taken = hn::RebindMask(d, hn::Gt(bits, take_above));
      const FrontLanes<T> candidates(hn::RebindMask(d, hn::Gt(bits, above)));
      hn::StoreU(hn::IfThenZeroElse(taken, fed), d, residual + at);
      sums.add(v, fed);
      Index::store(candidates.front(lane), indices);
      hn::StoreU(candidates.front(fed), d, values);
      indices += candidates.count();
      values += candidates.count();
      lane = hn::Add(lane, lanes);
    }
  }
  range.candidates = values - range.values;
  T rest[kSquaresLanes];
  stream_rest<T, kFeed>(range, i, end, rest);
  return sums.total(rest, end - i);
}

/// Record which of the candidates from `from` on are in the band.
template <class T>
void note_band(StreamRange<T>& range, std::int64_t from) {
  const BitVectors<T> d;
  const auto top = hn::Set(d, range.band_top);
  std::int64_t i = from;
  for (; i + kLanes<T> <= range.candidates; i += kLanes<T>) {
    const auto bits = magnitudes<T>(hn::LoadU(Vectors<T>(), range.values + i));
    const FrontLanes<T> inside(hn::RebindMask(Vectors<T>(), hn::Not(hn::Gt(bits, top))));
    if (!range.plateau) hn::StoreU(inside.front(bits), d, range.band + range.in_band);
    range.in_band += inside.count();
  }
  for (; i < range.candidates; ++i) {
    const MagnitudeBits<T> bits = magnitude(range.values[i]);
    if (!range.plateau) range.band[range.in_band] = bits;
    range.in_band += bits <= range.band_top ? 1 : 0;
  }
}

template <class T>
std::int64_t gather_between(std::span<const MagnitudeBits<T>> list, MagnitudeBits<T> low,
                            MagnitudeBits<T> high, MagnitudeBits<T>* out) {
  const BitVectors<T> d;
  const auto below = hn::Set(d, low - 1);
  const auto top = hn::Set(d, high);
  const auto count = static_cast<std::int64_t>(list.size());
  std::int64_t found = 0;
  std::int64_t i = 0;
  for (; i + kLanes<T> <= count; i += kLanes<T>) {
    const auto bits = hn::LoadU(d, list.data() + i);
    const auto between = hn::And(hn::Gt(bits, below), hn::Not(hn::Gt(bits, top)));
    const FrontLanes<T> inside(hn::RebindMask(Vectors<T>(), between));
    hn::StoreU(inside.front(bits), d, out + found);
    found += inside.count();
  }
  for (; i < count; ++i) {
    const MagnitudeBits<T> bits = list[static_cast<std::size_t>(i)];
    out[found] = bits;
    found += bits >= low && bits <= high ? 1 : 0;
  }
  return found;
}

template <class T>
MagnitudeCounts count_against(std::span<const MagnitudeBits<T>> list, MagnitudeBits<T> bits) {
  const BitVectors<T> d;
  const auto pivot = hn::Set(d, bits);
  const auto count = static_cast<std::int64_t>(list.size());
  MagnitudeCounts counts;
  std::int64_t i = 0;
  for (; i + kLanes<T> <= count; i += kLanes<T>) {
    const auto some = hn::LoadU(d, list.data() + i);
    counts.greater += static_cast<std::int64_t>(hn::CountTrue(d, hn::Gt(some, pivot)));
    counts.equal += static_cast<std::int64_t>(hn::CountTrue(d, hn::Eq(some, pivot)));
  }
  for (; i < count; ++i) {
    counts.greater += list[static_cast<std::size_t>(i)] > bits ? 1 : 0;
    counts.equal += list[static_cast<std::size_t>(i)] == bits ? 1 : 0;
  }
  return counts;
}

template <class T>
std::int64_t stream(StreamRange<T>& range, std::int64_t from) {
  std::int64_t at = from;
  while (at < range.end && range.candidates < range.stop_at) {
    const std::int64_t next = std::min(at + kSquaresBlock, range.end);
    const std::int64_t before = range.candidates;
    if (range.histogram != nullptr) count_buckets(range, at, next);
    range.block_squares[at / kSquaresBlock] = range.gradient != nullptr
                                                  ? stream_block<T, true>(range, at, next)
                                                  : stream_block<T, false>(range, at, next);
    note_band(range, before);
    at = next;
  }
  return at;
}

/// Correct the residual for candidates that were wrongly taken or left; `picked` says which are picked.
template <class T>
void mend(const PickRange<T>& range, std::int64_t at, std::uint64_t picked, std::uint64_t wrong) {
  for (; wrong != 0; wrong &= wrong - 1) {
    const int lane = std::countr_zero(wrong);
    const std::int64_t j = at + lane;
    range.residual[range.indices[j]] = (picked >> lane & 1) != 0 ? T{0} : range.values[j];
  }
}

/// The rest of a range: fewer candidates than a vector has lanes.
template <class T>
std::int64_t pick_rest(const PickRange<T>& range, std::int64_t from, std::int64_t at) {
  for (std::int64_t j = from; j < range.to; ++j) {
    const std::uint32_t index = range.indices[j];
    const T value = range.values[j];
    const bool picked = magnitude(value) > range.above;
    const bool taken = magnitude(value) > range.taken_above;
    if (range.residual != nullptr && picked != taken) range.residual[index] = picked ? T{0} : value;
    if (!picked) continue;
    range.out_indices[at] = index;
    range.out_values[at++] = value;
  }
  return at;
}

/// Write the first `found` lanes at `at`. Writes whole vectors as long as they fit into the range.
template <class T>
HWY_INLINE void write_picked(const PickRange<T>& range, hn::Vec<typename IndexLanes<T>::Tag> indices,
                             Vector<T> values, std::int64_t at, std::int64_t found) {
  if (HWY_LIKELY(at + kLanes<T> <= range.end)) {
    IndexLanes<T>::store(indices, range.out_indices + at);
    hn::StoreU(values, Vectors<T>(), range.out_values + at);
    return;
  }
  std::uint32_t last_indices[kLanes<T>];
  T last_values[kLanes<T>];
  IndexLanes<T>::store(indices, last_indices);
  hn::StoreU(values, Vectors<T>(), last_values);
  std::copy_n(last_indices, found, range.out_indices + at);
  std::copy_n(last_values, found, range.out_values + at);
}

template <class T>
std::int64_t pick(const PickRange<T>& range) {
  const Vectors<T> d;
  const BitVectors<T> db;
  using Index = IndexLanes<T>;
  const auto above = hn::Set(db, range.above);
  const auto taken_above = hn::Set(db, range.residual != nullptr ? range.taken_above : range.above);
  std::int64_t at = range.at;
  std::int64_t j = range.from;
  for (; j + kLanes<T> <= range.to; j += kLanes<T>) {
    const auto values = hn::LoadU(d, range.values + j);
    const auto indices = Index::load(range.indices + j);
    const auto bits = magnitudes<T>(values);
    const auto picked = hn::Gt(bits, above);
    const auto wrong = hn::Xor(picked, hn::Gt(bits, taken_above));
    if (HWY_UNLIKELY(!hn::AllFalse(db, wrong))) mend(range, j, mask_bits(db, picked), mask_bits(db, wrong));
    const FrontLanes<T> front(hn::RebindMask(d, picked));
    write_picked<T>(range, front.front(indices), front.front(values), at, front.count());
    at += front.count();
  }
  return pick_rest(range, j, at);
}

}  // namespace HWY_NAMESPACE
}  // namespace pliant
HWY_AFTER_NAMESPACE();

#endif
