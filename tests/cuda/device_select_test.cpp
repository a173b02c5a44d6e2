// Selections by kernels on the executor equal the scalar table's, bit for bit, under every schedule.
#include <gtest/gtest.h>

#include <set>

#include "tests/cuda/device_select.hpp"
#include "tests/kernels/inputs.hpp"

namespace pliant {
namespace {

using test::Device;
using test::DeviceManner;
using test::Named;
using test::Problem;

std::vector<Named<float>> inputs_of(std::size_t count) {
  std::vector<Named<float>> inputs = test::every_input<float>(count);
  for (const Named<float>& input : inputs) test::tally().inputs.insert(input.name);
  return inputs;
}

/// Cycles through variants: with or without a gradient, taken or left, aligned or not, magnitudes counted or
/// not.
class Turns {
 public:
  std::string trouble(const Named<float>& input, std::int64_t kept, int times = 1) {
    const unsigned turn = turn_++;
    const DeviceManner manner{.take = turn % 3 != 0,
                              .gradient_offset = turn / 2 % 4,
                              .thresholds = std::nullopt,
                              .count_magnitudes = turn % 5 == 0,
                              .times = times};
    const bool feed = turn % 4 != 3;
    const Problem<float> problem = feed ? test::halves(input.values) : Problem<float>{input.values, {}};
    const std::string wrong = test::device_trouble(device_, problem, kept, manner);
    if (wrong.empty()) return "";
    return wrong + " " + input.name + ", n = " + std::to_string(input.values.size()) +
           ", k = " + std::to_string(kept) + (feed ? ", gradient" : "") + (manner.take ? ", take" : "") +
           ", offset " + std::to_string(manner.gradient_offset);
  }

 private:
  Device device_;
  unsigned turn_ = 0;
};

TEST(DeviceSelect, EveryKOfShortVectors) {
  Turns turns;
  std::size_t turn = 0;
  for (std::size_t count = 0; count <= 40; ++count) {
    const std::vector<Named<float>> inputs = inputs_of(count);
    for (std::size_t kept = 0; kept <= count; ++kept)
      EXPECT_EQ(turns.trouble(inputs[turn++ % inputs.size()], static_cast<std::int64_t>(kept)), "");
  }
}

TEST(DeviceSelect, EveryInputOfSomeShortVectors) {
  Turns turns;
  for (const std::size_t count : {3U, 16U, 37U, 255U, 1000U})
    for (const Named<float>& input : inputs_of(count))
      for (const std::size_t kept : {std::size_t{1}, count / 10, count / 2, count})
        EXPECT_EQ(turns.trouble(input, static_cast<std::int64_t>(kept)), "");
}

TEST(DeviceSelect, AroundTiles) {
  Turns turns;
  std::size_t turn = 0;
  for (const std::size_t count : {1023U, 1025U, 4095U, 4096U, 4097U, 8191U, 8192U, 8193U, 12289U}) {
    const std::vector<Named<float>> inputs = inputs_of(count);
    for (const std::size_t kept : {std::size_t{1}, count / 1000, count / 100, count / 10, count - 1, count})
      for (int i = 0; i < 3; ++i)
        EXPECT_EQ(turns.trouble(inputs[turn++ % inputs.size()], static_cast<std::int64_t>(kept)), "");
  }
}

TEST(DeviceSelect, EveryInputOfManyTiles) {
  Turns turns;
  constexpr std::size_t kCount = 100'003;
  for (const Named<float>& input : inputs_of(kCount))
    for (const std::size_t kept : {kCount / 1000, kCount / 100, kCount / 10, kCount})
      EXPECT_EQ(turns.trouble(input, static_cast<std::int64_t>(kept)), "");
}

TEST(DeviceSelect, AMillion) {
  Turns turns;
  constexpr std::size_t kCount = (1U << 20) + 5;
  for (const std::size_t which : {0U, 1U, 5U, 10U}) {
    const test::Input<float>& input = test::kStreamInputs<float>[which];
    const Named<float> values{std::string(input.name), test::make(input, kCount)};
    for (const std::size_t kept : {kCount / 1000, kCount / 100, kCount / 10, kCount})
      EXPECT_EQ(turns.trouble(values, static_cast<std::int64_t>(kept)), "");
  }
}

TEST(DeviceSelect, EveryScheduleGivesTheSame) {
  Device device;
  for (const char* name : {"normal", "few values", "some NaN and infinities", "plateau 50 + 300", "layers"}) {
    for (const Named<float>& input : inputs_of(20'001)) {
      if (input.name != name) continue;
      const Problem<float> problem = test::halves(input.values);
      DeviceManner manner;
      manner.times = static_cast<int>(2 * test::kSchedules.size());  // each with two seeds
      EXPECT_EQ(test::device_trouble(device, problem, 2'000, manner), "") << name;
    }
  }
}

}  // namespace
}  // namespace pliant
