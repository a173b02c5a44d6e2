// Inputs that mislead the sample. Each sends the selection along a path of streaming_topk.cpp that ordinary
// data rarely takes. Sampled elements differ from the others.
#include <gtest/gtest.h>

#include "tests/kernels/inputs.hpp"
#include "tests/kernels/sampled.hpp"
#include "tests/kernels/selection.hpp"
#include "tests/kernels/tables.hpp"

namespace pliant {
namespace {

/// With so many elements, 256 strata of at least 16 are read: 4096 elements, or 2 %.
constexpr std::size_t kCount = 200'003;

struct Place {
  std::size_t i = 0;
  bool sampled = false;
};

/// A number in [1, 2), far larger than the small ones.
template <class T>
T large(std::mt19937& random) {
  return T(1.5) + T(0.5) * test::even<T>(random);
}
template <class T>
T small(std::mt19937& random) {
  return T(0.25) * test::even<T>(random);
}
template <class T>
T large_in(std::mt19937& random, unsigned thousandths) {
  return random() % 1000 < thousandths ? large<T>(random) : small<T>(random);
}

template <class T>
struct Deception {
  std::string_view name;
  std::string_view path;
  std::int64_t kept;
  T (*at)(Place place, std::mt19937& random);
};

// A single thread's list holds 2 k + 65536 candidates. With seven threads, a list holds a thread's whole
// range.
template <class T>
constexpr Deception<T> kDeceptions[] = {
    // `low` is among the large elements: a second pass with a wider margin finds enough.
    {"too few candidates", "second pass", 4'000,
     [](Place place, std::mt19937& random) { return large_in<T>(random, place.sampled ? 40 : 20); }},
    // Even with the wider margin it is: in the third pass every element is a candidate ...
    {"too few candidates twice", "third pass", 90'000,
     [](Place place, std::mt19937& random) { return place.sampled ? large<T>(random) : small<T>(random); }},
    // ... and fills the lists.
    {"too few candidates twice, then too many", "third pass", 10'000,
     [](Place place, std::mt19937& random) { return place.sampled ? large<T>(random) : small<T>(random); }},
    {"too few candidates twice, among them NaN of all ones", "third pass", 10'000,
     [](Place place, std::mt19937& random) {
       if (random() % 100 == 0)
         return std::bit_cast<T>(static_cast<test::UnsignedBits<T>>(~test::UnsignedBits<T>{0}));
       return place.sampled ? large<T>(random) : small<T>(random);
     }},
    // Lists fill up and raise their bound: once or twice at random, repeatedly in rising order, once in
    // falling order.
    {"list full", "raise", 200,
     [](Place place, std::mt19937& random) { return place.sampled ? small<T>(random) : large<T>(random); }},
    {"list full in the first part", "raise", 200,
     [](Place place, std::mt19937& random) {
       return place.sampled || place.i > 90'000 ? small<T>(random) : large<T>(random);
     }},
    {"list full, rising", "raise", 1'000,
     [](Place place, std::mt19937& random) {
       return place.sampled ? small<T>(random) : 1 + static_cast<T>(place.i) / kCount;
     }},
    {"list full, falling", "raise", 1'000,
     [](Place place, std::mt19937& random) {
       return place.sampled ? small<T>(random) : -2 + static_cast<T>(place.i) / kCount;
     }},
    {"list full of few values", "raise", 30'000,
     [](Place place, std::mt19937& random) {
       return place.sampled ? small<T>(random) : static_cast<T>(random() % 5 + 1) * test::sign<T>(random);
     }},
    // Neighbouring magnitudes: elements just above the raised bound are taken, the bound itself is not.
    {"list full of eight neighbours", "raise", 30'000,
     [](Place place, std::mt19937& random) {
       const auto bits = std::bit_cast<test::UnsignedBits<T>>(T(1)) + random() % 8;
       return place.sampled ? small<T>(random) : std::bit_cast<T>(static_cast<test::UnsignedBits<T>>(bits));
     }},
    {"list full of NaN", "raise", 500,
     [](Place place, std::mt19937& random) {
       return place.sampled ? small<T>(random) : test::any_nan<T>(random);
     }},
    // `high` is below the k-th: the bands do not decide, so all candidates are examined.
    {"too many above the band", "whole", 2'000,
     [](Place place, std::mt19937& random) { return large_in<T>(random, place.sampled ? 0 : 30); }},
    // The k-th is above or below the supposed plateau of the sample.
    {"plateau too low", "plateau, whole", 2'000,
     [](Place place, std::mt19937& random) {
       return !place.sampled && random() % 50 == 0 ? large<T>(random) : T(0.5) * test::sign<T>(random);
     }},
    {"plateau too high", "third pass", 9'000,
     [](Place place, std::mt19937& random) { return place.sampled ? T(-1) : small<T>(random); }},
    // k elements of the plateau are found, then many more above it, so the list still fills.
    {"plateau, then list full", "plateau, raise", 2'000,
     [](Place place, std::mt19937& random) {
       return place.sampled || place.i < 10'000 ? T(1) : T(2) + large<T>(random);
     }},
    // k elements of the plateau are found early, and a few above it late, which must displace the plateau's
    // last.
    {"plateau, then a few above", "plateau", 2'000,
     [](Place place, std::mt19937& random) {
       return place.sampled || place.i < 150'000 || random() % 100 != 0 ? test::sign<T>(random)
                                                                        : large<T>(random);
     }},
};

/// A residual and a gradient whose sum is `values`, except for the last bit.
template <class T>
test::Problem<T> parts(const std::vector<T>& values, bool feed) {
  return feed ? test::halves(values) : test::Problem<T>{values, {}};
}

/// The path of a single thread after a guess, by the rules of streaming_topk.cpp: margins 3 and 32, and room
/// for 2 k +
/// 65536.
template <class T>
std::string_view path_of(std::vector<T> fed, std::int64_t kept) {
  Scratch memory;
  const SelectCall<T> call{
      .residual = fed.data(), .count = static_cast<std::int64_t>(fed.size()), .kept = kept};
  const auto count_from = [&](MagnitudeBits<T> bits) {
    return std::count_if(fed.begin(), fed.end(), [&](T value) { return magnitude(value) >= bits; });
  };
  const Guess<T> guess = guess_threshold(call, 3, memory);
  const std::int64_t candidates = count_from(guess.low);
  if (candidates < kept)
    return count_from(guess_threshold(call, 32, memory).low) < kept ? "third pass" : "second pass";
  const std::int64_t beyond = count_from(guess.high + 1);
  const std::int64_t room = 2 * kept + 65'536;
  if (guess.low < guess.high) return candidates > room ? "raise" : beyond >= kept ? "whole" : "band";
  return beyond > room ? "plateau, raise" : beyond >= kept ? "plateau, whole" : "plateau";
}

template <class T>
void expect_undeceived(const Kernels& kernels) {
  test::Workspaces workspaces;
  bool feed = false;
  for (const Deception<T>& deception : kDeceptions<T>) {
    const std::vector<bool> sampled = test::sampled_positions(kCount, deception.kept);
    std::mt19937 random(5);
    std::vector<T> values;
    for (std::size_t i = 0; i < kCount; ++i) values.push_back(deception.at({i, sampled[i]}, random));
    for (const bool take : {true, false}) {
      feed = !feed;
      const test::Problem<T> problem = parts(values, feed);
      ASSERT_EQ(path_of(problem.fed(), deception.kept), deception.path) << deception.name;
      const test::Answer<T> right = test::right_answer(problem.fed(), deception.kept, take);
      for (SelectWorkspace& workspace : workspaces.all()) {
        std::string trouble;
        const test::Manner manner{.take = take, .offset = 1};
        const auto answer = test::table_answer(kernels, workspace, problem, deception.kept, manner, trouble);
        EXPECT_EQ(trouble + test::difference(answer, right), "")
            << deception.name << (feed ? ", gradient" : "") << (take ? ", take" : "") << ", members "
            << (workspace.team == nullptr ? 0 : workspace.team->members());
      }
    }
  }
}

class SelectPaths : public test::KernelTest {};

TEST_P(SelectPaths, FloatsAreFoundInSpiteOfTheSample) {
  expect_undeceived<float>(kernels());
}
TEST_P(SelectPaths, DoublesAreFoundInSpiteOfTheSample) {
  expect_undeceived<double>(kernels());
}

/// The band reaches up to the greatest magnitude, and the k-th is at that end.
template <class T>
void expect_ones(const Kernels& kernels) {
  const auto ones = std::bit_cast<T>(static_cast<test::UnsignedBits<T>>(~test::UnsignedBits<T>{0}));
  std::mt19937 random(6);
  test::Problem<T> problem;
  for (std::size_t i = 0; i < kCount; ++i)
    problem.residual.push_back(random() % 10 == 0 ? ones : large<T>(random));
  const auto found = static_cast<std::int64_t>(std::count_if(problem.residual.begin(), problem.residual.end(),
                                                             [](T value) { return value != value; }));
  SelectWorkspace workspace;
  for (const std::int64_t kept : {found - 300, found - 1, found, found + 1})
    EXPECT_EQ(test::trouble_with(kernels, workspace, problem, kept), "") << "k = " << kept;
}

TEST_P(SelectPaths, NaNOfAllOnesMayBeTheKth) {
  expect_ones<float>(kernels());
  expect_ones<double>(kernels());
}

INSTANTIATE_TEST_SUITE_P(Kernels, SelectPaths, test::every_table(), test::table_name);

}  // namespace
}  // namespace pliant
