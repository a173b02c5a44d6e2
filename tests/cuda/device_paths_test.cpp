// Thresholds that no sample would give: the answer stays the same, and the state shows that the expected path
// was taken.
#include <gtest/gtest.h>

#include <functional>

#include "tests/cuda/device_select.hpp"
#include "tests/kernels/inputs.hpp"

namespace pliant {
namespace {

using cuda::kNever;
using cuda::Thresholds;
using test::Device;
using test::DeviceManner;
using test::Problem;

constexpr std::size_t kCount = 150'001;
constexpr std::uint32_t kMost = 0x7fffffffU;

/// The rank-th largest magnitude, from 1.
std::uint32_t magnitude_at(const std::vector<float>& values, std::size_t rank) {
  std::vector<std::uint32_t> bits;
  for (const float value : values) bits.push_back(static_cast<std::uint32_t>(magnitude(value)));
  std::nth_element(bits.begin(), bits.begin() + static_cast<std::ptrdiff_t>(rank - 1), bits.end(),
                   std::greater<>());
  return bits[rank - 1];
}

/// The path of a selection, read from its state.
std::string path_of(const cuda::SelectState& state, std::uint32_t capacity) {
  std::string path = state.whole != 0 ? "whole" : state.tied != 0 ? "tied" : "pool";
  if (state.candidates > capacity) path += ", overflow";
  return path;
}

struct Case {
  const char* name;
  const char* path;
  Thresholds (*thresholds)(const std::vector<float>& fed, std::size_t kept);
};

constexpr std::size_t kKept = 3'000;  // the pool holds 71,536

constexpr Case kCases[] = {
    {"exact", "pool",
     [](const auto& fed, std::size_t k) {
       const std::uint32_t kth = magnitude_at(fed, k);
       return Thresholds{kth - 1, kth, kth};
     }},
    {"a wide band", "pool",
     [](const auto& fed, std::size_t k) {
       return Thresholds{magnitude_at(fed, 4 * k), magnitude_at(fed, 2 * k), magnitude_at(fed, k / 2)};
     }},
    {"everything in the band is taken", "pool",
     [](const auto& fed, std::size_t k) {
       const std::uint32_t low = magnitude_at(fed, 3 * k);
       return Thresholds{low, low + 1, kMost};
     }},
    {"nothing is taken", "pool",
     [](const auto& fed, std::size_t k) {
       return Thresholds{magnitude_at(fed, 2 * k), kNever, kMost};
     }},
    {"high below the k-th", "pool",
     [](const auto& fed, std::size_t k) {
       return Thresholds{magnitude_at(fed, 4 * k), magnitude_at(fed, 3 * k), magnitude_at(fed, 2 * k)};
     }},
    {"high below tie", "pool",
     [](const auto& fed, std::size_t k) {
       return Thresholds{magnitude_at(fed, 2 * k), magnitude_at(fed, 4 * k), magnitude_at(fed, 3 * k)};
     }},
    {"the k-th is the tie", "tied",
     [](const auto& fed, std::size_t k) {
       const std::uint32_t kth = magnitude_at(fed, k);
       return Thresholds{kth, 0, kMost};
     }},
    {"too high", "whole",
     [](const auto& fed, std::size_t k) {
       return Thresholds{magnitude_at(fed, k / 2), magnitude_at(fed, k / 4), magnitude_at(fed, k / 8)};
     }},
    {"too high by one", "whole",
     [](const auto& fed, std::size_t k) {
       const std::uint32_t kth = magnitude_at(fed, k) + 1;
       return Thresholds{kth, kth, kth};
     }},
    {"no candidates", "whole",
     [](const auto&, std::size_t) {
       return Thresholds{kNever, kNever, kNever};
     }},
    {"too low", "whole, overflow",
     [](const auto&, std::size_t) {
       return Thresholds{0, magnitude_at({0.01F}, 1), kMost};
     }},
    {"too low, and all taken", "whole, overflow",
     [](const auto&, std::size_t) {
       return Thresholds{0, 0, kMost};
     }},
    {"too low, and high too", "whole, overflow",
     [](const auto&, std::size_t) {
       return Thresholds{0, 1, 2};
     }},
    {"far too low, the k-th in a narrow band", "whole, overflow",
     [](const auto& fed, std::size_t k) {
       return Thresholds{magnitude_at(fed, kCount - 10), 0, magnitude_at(fed, k)};
     }},
};

/// Runs one case and checks its path.
void expect_case(Device& device, const Case& c, const Problem<float>& problem, const DeviceManner& manner) {
  const std::vector<float> fed = problem.fed();
  DeviceManner forced = manner;
  forced.thresholds = c.thresholds(fed, kKept);
  const auto count = static_cast<std::int64_t>(fed.size());
  test::DeviceMemory storage(cuda::divide_memory(nullptr, count, kKept).bytes);
  const cuda::SelectMemory memory = cuda::divide_memory(storage.data(), count, kKept);
  device.next_schedule();
  cuda::enqueue_reset(device.launcher(), memory, device.stream());
  std::string trouble;
  const auto answer = test::ask_device(device, memory, problem, kKept, forced, trouble);
  ++test::tally().problems;
  EXPECT_EQ(trouble + test::difference(answer, test::scalar_answer(problem, kKept, manner.take)), "")
      << c.name << (manner.take ? ", take" : "") << (problem.gradient.empty() ? "" : ", gradient");
  EXPECT_EQ(path_of(*memory.state, 2 * kKept + 65'536), c.path) << c.name;
}

TEST(DevicePaths, ContinuousData) {
  Device device;
  const std::vector<float> values = test::make(test::kStreamInputs<float>[0], kCount);
  unsigned turn = 0;
  for (const Case& c : kCases) {
    if (std::string_view(c.name) == "the k-th is the tie") continue;
    for (const bool take : {true, false}) {
      DeviceManner manner;
      manner.take = take;
      manner.gradient_offset = turn++ % 2;
      expect_case(device, c, take ? test::halves(values) : Problem<float>{values, {}}, manner);
    }
  }
}

/// Few distinct values: 10 of 1000 are above 2, and 20 tie at 0.75.
TEST(DevicePaths, TheTieIsShared) {
  Device device;
  std::mt19937 random(3);
  std::vector<float> values;
  for (std::size_t i = 0; i < kCount; ++i) values.push_back(test::plateau<float>(random, 10, 20));
  for (const bool take : {true, false}) {
    DeviceManner manner;
    manner.take = take;
    for (const Case& c : kCases)
      if (std::string_view(c.path) == "tied") expect_case(device, c, test::halves(values), manner);
  }
}

/// Any threshold: near an element's magnitude, at an end of the range, or random bits.
std::uint32_t any_threshold(const std::vector<float>& fed, std::mt19937& random) {
  const auto element = static_cast<std::uint32_t>(magnitude(fed[random() % fed.size()]));
  switch (random() % 8) {
    case 0:
      return 0;
    case 1:
      return kNever;
    case 2:
      return kMost;
    case 3:
      return static_cast<std::uint32_t>(random());
    default:
      return element + static_cast<std::uint32_t>(random() % 3) - (element > 0 ? 1 : 0);
  }
}

TEST(DevicePaths, AnyThresholdsOfAnyInput) {
  Device device;
  std::mt19937 random(8);
  for (const std::size_t count : {1U, 20U, 5'000U, 9'001U, 80'011U}) {
    const std::vector<test::Named<float>> inputs = test::every_input<float>(count);
    for (int i = 0; i < (count < 80'000 ? 60 : 30); ++i) {
      const test::Named<float>& input = inputs[random() % inputs.size()];
      const Problem<float> problem =
          i % 2 == 0 ? test::halves(input.values) : Problem<float>{input.values, {}};
      const std::vector<float> fed = problem.fed();
      DeviceManner manner;
      manner.take = i % 3 != 0;
      manner.thresholds = {any_threshold(fed, random), any_threshold(fed, random),
                           any_threshold(fed, random)};
      const auto kept = static_cast<std::int64_t>(1 + random() % (i % 4 == 0 ? count : 1 + count / 50));
      EXPECT_EQ(test::device_trouble(device, problem, kept, manner), "")
          << input.name << ", n = " << count << ", k = " << kept << ", thresholds " << manner.thresholds->tie
          << ' ' << manner.thresholds->zero << ' ' << manner.thresholds->high;
    }
  }
}

/// Thresholds that a sample found, and their effect.
struct Guessed {
  std::string path;
  double candidates = 0;  ///< per kept element
  double in_band = 0;
};
Guessed guess_for(const std::vector<float>& values, std::int64_t kept) {
  Device device;
  const auto count = static_cast<std::int64_t>(values.size());
  test::DeviceMemory storage(cuda::divide_memory(nullptr, count, kept).bytes);
  const cuda::SelectMemory memory = cuda::divide_memory(storage.data(), count, kept);
  cuda::enqueue_reset(device.launcher(), memory, device.stream());
  std::string trouble;
  test::ask_device(device, memory, {values, {}}, kept, {}, trouble);
  EXPECT_EQ(trouble, "");
  const auto capacity = static_cast<std::uint32_t>(std::min(count, 2 * kept + 65'536));
  std::int64_t beyond = 0;
  for (const float value : values)
    beyond += static_cast<std::uint32_t>(magnitude(value)) > memory.state->thresholds.high ? 1 : 0;
  return {path_of(*memory.state, capacity),
          static_cast<double>(memory.state->candidates) / static_cast<double>(kept),
          static_cast<double>(memory.state->candidates - beyond) / static_cast<double>(kept)};
}

TEST(DeviceGuess, IsGoodForOrdinaryData) {
  const std::vector<float> values = test::make(test::kStreamInputs<float>[0], 500'000);
  for (const std::int64_t kept : {500, 5'000, 50'000}) {
    const Guessed guessed = guess_for(values, kept);
    EXPECT_EQ(guessed.path, "pool");
    // With few kept elements, only few of the sample rank before the k-th, and their number varies.
    EXPECT_LT(guessed.candidates, kept == 500 ? 8.0 : kept == 5'000 ? 2.0 : 1.2) << kept;
    EXPECT_LT(guessed.in_band, kept == 500 ? 8.0 : kept == 5'000 ? 1.5 : 0.3) << kept;
  }
}

TEST(DeviceGuess, MeetsPlateausInPlace) {
  const auto path = [](std::string_view name, std::int64_t kept) {
    for (const test::Named<float>& input : test::every_input<float>(200'003))
      if (input.name == name) return guess_for(input.values, kept).path;
    return std::string("no such input");
  };
  EXPECT_EQ(path("zeros", 20'000), "tied");
  EXPECT_EQ(path("all equal", 20'000), "tied");
  EXPECT_EQ(path("plateau 50 + 300", 20'000), "tied");
  EXPECT_EQ(path("999 in 1000 zeros", 2'000), "tied");
}

}  // namespace
}  // namespace pliant
