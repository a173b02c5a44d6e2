// Every exact algorithm of the registry, on inputs whose sums are exact, so that only one result is right.
#include <sched.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "tests/collectives/conformance.hpp"
#include "tests/support/bits.hpp"
#include "tests/support/float_inputs.hpp"

namespace pliant {
namespace {

constexpr ReduceOp kOps[] = {ReduceOp::sum, ReduceOp::min, ReduceOp::max, ReduceOp::prod};

/// This rank's element: small integers, or for products powers of two, so that 7 of them are exact too.
template <class T>
T element(ReduceOp op, int rank, std::int64_t i) {
  const std::int64_t mixed = i * 7 + rank * 13 + i * rank;
  if (op != ReduceOp::prod) return static_cast<T>(mixed % 23 - 11);
  if constexpr (std::is_floating_point_v<T>)
    return std::ldexp(T(mixed % 2 == 0 ? 1 : -1), static_cast<int>(mixed % 5) - 2);
  return static_cast<T>(mixed % 3 - 1 + (mixed % 3 == 1 ? 2 : 0));  // -1, 2 or 1
}

template <class T>
T combine(ReduceOp op, T a, T b) {
  switch (op) {
    case ReduceOp::sum:
      return static_cast<T>(a + b);
    case ReduceOp::min:
      return std::min(a, b);
    case ReduceOp::max:
      return std::max(a, b);
    case ReduceOp::prod:
      return static_cast<T>(a * b);
  }
  return a;
}

class Exact : public test::Conformance {
 protected:
  std::vector<std::int64_t> counts() const {
    return {0, 1, ranks_ - 1, ranks_, ranks_ + 1, 7, 1000, 100'003};
  }

  /// Reduces `values` in place, in memory aligned only to the element.
  template <class T>
  void allreduce(std::vector<T>& values, ElementType type, ReduceOp op) {
    std::vector<T> storage(values.size() + 1);
    std::copy(values.begin(), values.end(), storage.begin() + 1);
    AllreduceCall call{.comm = comm_,
                       .workspace = workspace_,
                       .kernels = test::kernels_under_test(),
                       .shape = laid_out({{},
                                          {.count = static_cast<std::int64_t>(values.size()), .type = type},
                                          {},
                                          {.segment_bytes = segment_bytes_, .block_bytes = block_bytes()}}),
                       .op = op,
                       .hosts = channels(),
                       .data = reinterpret_cast<std::byte*>(storage.data() + 1),
                       .own = {},
                       .outcome = {}};
    const Traffic sent = run_counted(algorithm(), call);
    std::copy(storage.begin() + 1, storage.end(), values.begin());
    if (counts_its_bytes()) {
      EXPECT_EQ(sent.messages, predicted(call.shape).messages);
      EXPECT_EQ(sent.bytes, predicted(call.shape).bytes);
    }
  }

  /// [byte] length of a block, which makes messages one block, several, or many.
  std::int64_t block_bytes() const { return std::min(Communicator::kPieceBytes, segment_bytes_ * 16); }

  /// Sends whole messages, then pipelines with few and with very many segments.
  template <class T>
  void expect_exact(ElementType type) {
    for (const std::int64_t segment_bytes :
         {Communicator::kPieceBytes, std::int64_t{4096}, std::int64_t{64}}) {
      segment_bytes_ = segment_bytes;
      SCOPED_TRACE("segments of " + std::to_string(segment_bytes) + " bytes");
      on_every_layout([&] { expect_exact_in_segments<T>(type); });
    }
  }

  template <class T>
  void expect_exact_in_segments(ElementType type) {
    for (const ReduceOp op : kOps) {
      for (const std::int64_t count : counts()) {
        if (count > 1000 && segment_bytes_ < 4096) continue;  // takes long and shows nothing more
        SCOPED_TRACE("op " + std::to_string(static_cast<int>(op)) + ", count " + std::to_string(count));
        std::vector<T> values(static_cast<std::size_t>(count));
        std::vector<T> expected(values.size());
        for (std::int64_t i = 0; i < count; ++i) {
          const auto at = static_cast<std::size_t>(i);
          values[at] = element<T>(op, rank_, i);
          expected[at] = element<T>(op, 0, i);
          for (int rank = 1; rank < ranks_; ++rank)
            expected[at] = combine(op, expected[at], element<T>(op, rank, i));
        }
        allreduce(values, type, op);
        EXPECT_TRUE(values == expected);
        EXPECT_TRUE(same_bits_everywhere(values));
      }
    }
  }

  /// Floats whose sum depends on the order of additions.
  std::vector<float> awkward(std::size_t count, const test::FloatInput& input) const {
    std::mt19937 random(static_cast<std::uint32_t>(rank_) + 99);
    std::vector<float> values(count);
    for (std::size_t i = 0; i < count; ++i) values[i] = input.at(i, random);
    return values;
  }

  void expect_the_same_bits() {
    for (const test::FloatInput& input : test::kFloatInputs) {
      // The MPI library decides which NaN a sum of two has.
      if (&algorithm() == &mpi_allreduce && input.name == "non-finite") continue;
      for (const std::int64_t count : {5, 1000, 20'011}) {
        std::vector<float> values = awkward(static_cast<std::size_t>(count), input);
        allreduce(values, ElementType::float32, ReduceOp::sum);
        EXPECT_TRUE(same_bits_everywhere(values)) << input.name << ", count " << count;
      }
    }
  }

  void expect_the_count_changes_nothing() {
    for (const test::FloatInput& input : test::kFloatInputs) {
      std::vector<float> all = awkward(20'011, input);
      std::vector<float> prefix(all.begin(), all.begin() + 1000);
      allreduce(all, ElementType::float32, ReduceOp::sum);
      allreduce(prefix, ElementType::float32, ReduceOp::sum);
      all.resize(prefix.size());
      EXPECT_EQ(test::first_difference(all, prefix), -1) << input.name;
    }
  }

  std::int64_t segment_bytes_ = Communicator::kPieceBytes;
};

class DeterministicExact : public Exact {};

TEST_P(Exact, Float) {
  expect_exact<float>(ElementType::float32);
}
TEST_P(Exact, Double) {
  expect_exact<double>(ElementType::float64);
}
TEST_P(Exact, Int32) {
  expect_exact<std::int32_t>(ElementType::int32);
}
TEST_P(Exact, Int64) {
  expect_exact<std::int64_t>(ElementType::int64);
}

TEST_P(Exact, IntegersWrapAsInMpi) {
  const auto wrapped =
      static_cast<std::int32_t>(static_cast<std::int64_t>(ranks_) * std::numeric_limits<std::int32_t>::max());
  on_every_layout([&] {
    std::vector<std::int32_t> values(10, std::numeric_limits<std::int32_t>::max());
    allreduce(values, ElementType::int32, ReduceOp::sum);
    EXPECT_EQ(values, std::vector<std::int32_t>(10, wrapped));
  });
}

TEST_P(Exact, AllRanksEndWithTheSameBitsWhateverTheFloats) {
  on_every_layout([&] { expect_the_same_bits(); });
}

/// Lengths that are summed in different ways, on ranks that arrive at different times.
TEST_P(Exact, CallsFollowOneAnotherHoweverLateARankIs) {
  on_every_layout([&] {
    for (int number = 0; number < 14; ++number) {
      const std::int64_t count = std::vector<std::int64_t>{1, 70'001, 300, 4097, 0, 40'000}[number % 6];
      std::vector<std::int32_t> values(static_cast<std::size_t>(count), rank_ + number);
      for (int i = 0; number % 7 == rank_ && i < 500; ++i) sched_yield();
      allreduce(values, ElementType::int32, ReduceOp::sum);
      const std::int32_t sum = ranks_ * (ranks_ - 1) / 2 + ranks_ * number;
      EXPECT_EQ(values, std::vector<std::int32_t>(values.size(), sum)) << "call " << number;
    }
  });
}

TEST_P(DeterministicExact, CountChangesNothing) {
  on_every_layout([&] { expect_the_count_changes_nothing(); });
}

INSTANTIATE_TEST_SUITE_P(Registry, Exact,
                         testing::ValuesIn(test::algorithms_where([](const AllreduceAlgorithm& algorithm) {
                           return algorithm.exact;
                         })),
                         test::name_of_algorithm);
INSTANTIATE_TEST_SUITE_P(Registry, DeterministicExact,
                         testing::ValuesIn(test::algorithms_where([](const AllreduceAlgorithm& algorithm) {
                           return algorithm.exact && algorithm.deterministic;
                         })),
                         test::name_of_algorithm);

}  // namespace
}  // namespace pliant
