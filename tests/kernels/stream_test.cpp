// Runs the streaming loops directly near index 2^32, because vectors that long do not fit into a test's
// memory. Only the last blocks of the vectors exist; earlier addresses are never read.
#include <gtest/gtest.h>

#include <numeric>

#include "kernels/streaming_topk.hpp"
#include "tests/kernels/inputs.hpp"
#include "tests/kernels/selection.hpp"
#include "tests/kernels/tables.hpp"

namespace pliant {
namespace {

constexpr std::int64_t kEnd = std::int64_t{1} << 32;

template <class T>
const TopkLoops<T>* loops(const Kernels& kernels) {
  if constexpr (std::is_same_v<T, float>) {
    return kernels.float_loops;
  } else {
    return kernels.double_loops;
  }
}

/// The address where a vector would begin if its element `index` is *there.
template <class T>
T* begin_of(T* there, std::int64_t index) {
  return reinterpret_cast<T*>(reinterpret_cast<std::uintptr_t>(there) -
                              static_cast<std::uintptr_t>(index) * sizeof(T));
}

template <class T>
std::int64_t bucket(T value) {
  return magnitude(value) >> kBucketShift<T>;
}

/// A streamed range of elements [begin, end), and the lists that it fills.
template <class T>
class Streamed {
 public:
  Streamed(const test::Problem<T>& problem, std::int64_t begin)
      : residual(problem.residual), gradient(problem.gradient), squares(blocks()) {
    range.residual = begin_of(residual.data(), begin);
    range.gradient = gradient.empty() ? nullptr : begin_of(gradient.data(), begin);
    range.begin = begin;
    range.end = begin + static_cast<std::int64_t>(residual.size());
    range.block_squares = begin_of(squares.data(), begin / kSquaresBlock);
    range.histogram = histogram.data();
    range.capacity = static_cast<std::int64_t>(indices.size());
    range.indices = indices.data();
    range.values = values.data();
    range.band = band.data();
    range.stop_at = range.capacity - kListSlack;
  }

  std::size_t blocks() const { return (residual.size() + kSquaresBlock - 1) / kSquaresBlock; }
  std::size_t candidates() const { return static_cast<std::size_t>(range.candidates); }

  std::vector<T> residual;
  std::vector<T> gradient;
  std::vector<double> squares;
  std::vector<std::uint32_t> histogram =
      std::vector<std::uint32_t>(static_cast<std::size_t>(kHistograms * kBuckets<T>));
  std::vector<std::uint32_t> indices = std::vector<std::uint32_t>(kListSlack + 4 * kSquaresBlock);
  std::vector<T> values = std::vector<T>(indices.size());
  std::vector<MagnitudeBits<T>> band = std::vector<MagnitudeBits<T>>(indices.size());
  StreamRange<T> range;
};

/// Expected result of streaming, element by element.
template <class T>
void expect_streamed(const Streamed<T>& streamed, const std::vector<T>& fed) {
  const StreamRange<T>& range = streamed.range;
  std::size_t found = 0;
  std::size_t in_band = 0;
  std::vector<std::int64_t> buckets(static_cast<std::size_t>(kBuckets<T>));
  for (std::size_t i = 0; i < fed.size(); ++i) {
    const MagnitudeBits<T> bits = magnitude(fed[i]);
    ++buckets[static_cast<std::size_t>(bucket(fed[i]))];
    ASSERT_EQ(test::bits(streamed.residual[i]), test::bits(bits > range.take_above ? T(0) : fed[i])) << i;
    if (bits <= range.above) continue;
    ASSERT_LT(found, streamed.candidates());
    ASSERT_EQ(streamed.indices[found], static_cast<std::uint64_t>(range.begin) + i);
    ASSERT_EQ(test::bits(streamed.values[found]), test::bits(fed[i]));
    ++found;
    if (bits > range.band_top) continue;
    if (!range.plateau) {
      ASSERT_EQ(streamed.band[in_band], bits);
    }
    ++in_band;
  }
  EXPECT_EQ(found, streamed.candidates());
  EXPECT_EQ(in_band, static_cast<std::size_t>(range.in_band));
  for (std::size_t b = 0; b < streamed.blocks(); ++b) {
    const auto block = std::span<const T>(fed).subspan(b * kSquaresBlock);
    EXPECT_TRUE(test::same_number(
        streamed.squares[b], test::squares(block.first(std::min<std::size_t>(block.size(), kSquaresBlock)))));
  }
  for (std::size_t b = 0; b < buckets.size(); ++b) {
    std::int64_t count = 0;
    for (std::size_t h = b; h < streamed.histogram.size(); h += buckets.size())
      count += streamed.histogram[h];
    ASSERT_EQ(count, buckets[b]) << "bucket " << b;
  }
}

template <class T>
void expect_loops_near_the_last_index(const Kernels& kernels) {
  for (const std::int64_t begin : {std::int64_t{0}, kEnd / 2 - kSquaresBlock, kEnd - 3 * kSquaresBlock})
    for (const std::size_t count : {3 * kSquaresBlock, 3 * kSquaresBlock - 1, 2 * kSquaresBlock + 17})
      for (const test::Named<T>& input : test::every_input<T>(count))
        for (const bool plateau : {false, true}) {
          const test::Problem<T> problem =
              plateau ? test::halves(input.values) : test::Problem<T>{input.values, {}};
          Streamed<T> streamed(problem, begin);
          StreamRange<T>& range = streamed.range;
          range.above = magnitude(T(0.25));
          range.take_above = magnitude(T(0.5));
          range.band_top = magnitude(T(0.75));
          range.plateau = plateau;
          SCOPED_TRACE(input.name + ", from " + std::to_string(begin) + ", n = " + std::to_string(count));
          EXPECT_EQ(loops<T>(kernels)->stream(range, begin), range.end);
          expect_streamed(streamed, problem.fed());
        }
}

class Stream : public test::KernelTest {};

TEST_P(Stream, FloatsUpToTheLastIndex) {
  expect_loops_near_the_last_index<float>(kernels());
}
TEST_P(Stream, DoublesUpToTheLastIndex) {
  expect_loops_near_the_last_index<double>(kernels());
}

template <class T>
void expect_stop(const Kernels& kernels) {
  const std::int64_t begin = kEnd - 4 * kSquaresBlock;
  Streamed<T> streamed({std::vector<T>(4 * kSquaresBlock, T(1)), {}}, begin);
  StreamRange<T>& range = streamed.range;
  range.take_above = kMostMagnitude<T>;
  range.band_top = kMostMagnitude<T>;
  range.stop_at = kSquaresBlock + 1;
  const std::int64_t stopped = loops<T>(kernels)->stream(range, begin);
  EXPECT_EQ(stopped, begin + 2 * kSquaresBlock);
  EXPECT_EQ(range.candidates, 2 * kSquaresBlock);
  EXPECT_EQ(loops<T>(kernels)->stream(range, stopped), stopped);
  range.stop_at = range.capacity - kListSlack;
  EXPECT_EQ(loops<T>(kernels)->stream(range, stopped), kEnd);
  EXPECT_EQ(streamed.indices[static_cast<std::size_t>(range.candidates - 1)], 0xffff'ffffU);
}

TEST_P(Stream, BeginsNoBlockOnceThereAreEnough) {
  expect_stop<float>(kernels());
  expect_stop<double>(kernels());
}

/// Candidates at indices far + 3 j; every third one has the same magnitude.
template <class T>
void expect_picks(const Kernels& kernels, std::size_t candidates, std::size_t from, std::size_t room) {
  const std::int64_t first = kEnd - 3 * static_cast<std::int64_t>(candidates);
  std::vector<std::uint32_t> indices;
  std::vector<T> values;
  std::vector<T> residual(3 * candidates, T(9));  // 9 where nothing may be written
  std::vector<T> expected_residual = residual;
  std::vector<std::uint32_t> expected_indices;
  std::vector<T> expected_values;
  for (std::size_t j = 0; j < candidates; ++j) {
    indices.push_back(static_cast<std::uint32_t>(first + 3 * static_cast<std::int64_t>(j)));
    values.push_back((j % 2 == 0 ? T(1) : T(-1)) * static_cast<T>(j * 5 % 7));
    const bool taken = magnitude(values[j]) > magnitude(T(4));
    residual[3 * j] = taken ? T(0) : values[j];
    expected_residual[3 * j] = residual[3 * j];
    if (j < from) continue;
    const bool picked = magnitude(values[j]) > magnitude(T(2));
    expected_residual[3 * j] = picked ? T(0) : values[j];
    if (!picked) continue;
    expected_indices.push_back(indices[j]);
    expected_values.push_back(values[j]);
  }
  const std::size_t picks = expected_indices.size();
  std::vector<std::uint32_t> out_indices(2 + picks + room, 7);
  std::vector<T> out_values(out_indices.size(), T(7));
  PickRange<T> range{.indices = indices.data(),
                     .values = values.data(),
                     .from = static_cast<std::int64_t>(from),
                     .to = static_cast<std::int64_t>(candidates),
                     .above = magnitude(T(2)),
                     .taken_above = magnitude(T(4)),
                     .residual = begin_of(residual.data(), first),
                     .out_indices = out_indices.data(),
                     .out_values = out_values.data(),
                     .at = 2,
                     .end = static_cast<std::int64_t>(2 + picks)};
  EXPECT_EQ(loops<T>(kernels)->pick(range), range.end);
  EXPECT_EQ(residual, expected_residual);
  expected_indices.insert(expected_indices.begin(), 2, 7U);
  expected_values.insert(expected_values.begin(), 2, T(7));
  expected_indices.resize(out_indices.size(), 7U);
  expected_values.resize(out_values.size(), T(7));
  EXPECT_EQ(out_indices, expected_indices) << "n = " << candidates << " from " << from;
  EXPECT_EQ(out_values, expected_values);
}

TEST_P(Stream, PicksMendAndStayWithinTheirRange) {
  for (const std::size_t candidates : {0, 1, 3, 4, 7, 8, 15, 16, 17, 31, 33, 64, 100, 1000})
    for (const std::size_t from : {std::size_t{0}, candidates / 3, candidates}) {
      expect_picks<float>(kernels(), candidates, from, 20);
      expect_picks<double>(kernels(), candidates, from, 20);
    }
}

template <class T>
void expect_counts(const Kernels& kernels) {
  for (const std::size_t count : {0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33, 100, 1001}) {
    std::vector<MagnitudeBits<T>> list;
    for (std::size_t i = 0; i < count; ++i) list.push_back(static_cast<MagnitudeBits<T>>(i * 7 % 11));
    if (count > 5) list[5] = kMostMagnitude<T>;
    for (const MagnitudeBits<T> bits : {MagnitudeBits<T>{0}, MagnitudeBits<T>{5}, kMostMagnitude<T>}) {
      const MagnitudeCounts counts = loops<T>(kernels)->count_against(list, bits);
      EXPECT_EQ(counts.equal, std::count(list.begin(), list.end(), bits));
      EXPECT_EQ(counts.greater, std::count_if(list.begin(), list.end(), [&](auto b) { return b > bits; }));
      std::vector<MagnitudeBits<T>> between(count + 64);
      const std::int64_t found = loops<T>(kernels)->gather_between(list, 3, bits, between.data());
      between.resize(static_cast<std::size_t>(found));
      std::vector<MagnitudeBits<T>> expected;
      for (const MagnitudeBits<T> each : list)
        if (each >= 3 && each <= bits) expected.push_back(each);
      EXPECT_EQ(between, expected);
    }
  }
}

TEST_P(Stream, CountsAndGathersMagnitudes) {
  expect_counts<float>(kernels());
  expect_counts<double>(kernels());
}

INSTANTIATE_TEST_SUITE_P(Kernels, Stream, test::streaming_tables(), test::table_name);

}  // namespace
}  // namespace pliant
