// Vector loops by kernels on the executor, against the scalar table and plain loops.
#include <gtest/gtest.h>

#include <random>

#include "kernels/gain_curve.hpp"
#include "tests/cuda/device_select.hpp"
#include "tests/kernels/inputs.hpp"

namespace pliant {
namespace {

using test::Device;
using test::Unaligned;

constexpr std::array<std::size_t, 11> kCounts = {0, 1, 15, 17, 255, 4095, 4096, 4097, 8193, 20'001, 70'003};

/// A device with memory for one length, under its next schedule.
struct Bench {
  Device& device;
  test::DeviceMemory storage;
  cuda::SelectMemory memory;
  cuda::Launcher launcher;

  Bench(Device& d, std::size_t count)
      : device(d),
        storage(
            cuda::divide_memory(nullptr, static_cast<std::int64_t>(count), static_cast<std::int64_t>(count))
                .bytes),
        memory(cuda::divide_memory(storage.data(), static_cast<std::int64_t>(count),
                                   static_cast<std::int64_t>(count))) {
    device.next_schedule();
    launcher = device.launcher();
    EXPECT_EQ(cuda::enqueue_reset(launcher, memory, device.stream()), 0);
  }
  /// Describes problems of the run. Call it before using the results.
  std::string trouble(int code) const {
    std::string text = code == 0 ? "" : device.trouble + "; ";
    if (!storage.guard_is_whole()) text += "written beyond the memory; ";
    return text;
  }
};

template <class T>
std::string unlike(const char* what, const Unaligned<T>& actual, const std::vector<T>& expected) {
  std::ostringstream out;
  test::compare(what, actual.copy(), expected, out);
  return out.str() + (actual.surroundings_are_whole() ? "" : "written beyond; ");
}

/// Calls visit(values, others) with values of every kind, for each count.
template <class Visit>
void for_each_input(Visit&& visit) {
  std::size_t turn = 0;
  for (const std::size_t count : kCounts) {
    std::vector<test::Named<float>> inputs = test::every_input<float>(count);
    for (int i = 0; i < 4; ++i) {
      const test::Named<float>& input = inputs[turn++ * 7 % inputs.size()];
      std::vector<float> other = input.values;
      for (float& value : other) value *= -0.75F;
      visit(input, other);
    }
  }
}

TEST(DeviceVectors, Accumulate) {
  Device device;
  SelectWorkspace workspace;
  for_each_input([&](const test::Named<float>& input, const std::vector<float>& other) {
    const auto count = static_cast<std::int64_t>(other.size());
    Bench bench(device, other.size());
    std::vector<float> expected = input.values;
    const double norm = scalar_kernels.accumulate(expected.data(), other.data(), count, workspace);
    Unaligned<float> residual(input.values, 1);
    Unaligned<float> gradient(other, 2);
    const int code = cuda::enqueue_accumulate(bench.launcher, bench.memory, residual.data(), gradient.data(),
                                              count, device.stream());
    EXPECT_EQ(bench.trouble(code) + unlike("residuals", residual, expected), "")
        << input.name << ' ' << count;
    EXPECT_TRUE(test::same_number(bench.memory.selection->total_squared, norm)) << input.name << ' ' << count;
  });
}

TEST(DeviceVectors, DrainInPlaceAndApart) {
  Device device;
  SelectWorkspace workspace;
  bool in_place = false;
  for_each_input([&](const test::Named<float>& input, const std::vector<float>& other) {
    in_place = !in_place;
    const auto count = static_cast<std::int64_t>(other.size());
    Bench bench(device, other.size());
    std::vector<float> left = input.values;
    std::vector<float> expected(other.size());
    const double norm = scalar_kernels.drain(expected.data(), other.data(), left.data(), count, workspace);
    Unaligned<float> residual(input.values, 0);
    Unaligned<float> gradient(other, 3);
    Unaligned<float> apart(other, 1);
    Unaligned<float>& result = in_place ? gradient : apart;
    const int code =
        cuda::enqueue_drain(bench.launcher, bench.memory,
                            {result.data(), gradient.data(), residual.data(), count}, device.stream());
    EXPECT_EQ(bench.trouble(code) + unlike("residuals", residual, left) + unlike("results", result, expected),
              "")
        << input.name << ' ' << count;
    EXPECT_TRUE(test::same_number(bench.memory.selection->total_squared, norm)) << input.name << ' ' << count;
  });
}

/// About every third element, ascending.
std::vector<std::uint32_t> some_indices(std::size_t count) {
  std::mt19937 random(static_cast<std::uint32_t>(count));
  std::vector<std::uint32_t> indices;
  for (std::uint32_t i = 0; i < count; ++i)
    if (random() % 3 == 0) indices.push_back(i);
  return indices;
}

TEST(DeviceVectors, TakeGatherAndScatterAdd) {
  Device device;
  for_each_input([&](const test::Named<float>& input, const std::vector<float>&) {
    std::vector<std::uint32_t> indices = some_indices(input.values.size());
    const auto kept = static_cast<std::int64_t>(indices.size());
    Bench bench(device, input.values.size());
    std::vector<float> left = input.values;
    std::vector<float> expected(indices.size());
    const Selection selection = scalar_kernels.take(left.data(), indices.data(), kept, expected.data());

    Unaligned<float> vector(input.values, 1);
    Unaligned<float> values(std::vector<float>(indices.size()), 2);
    const cuda::MoveTask task{vector.data(), indices.data(), values.data(), kept};
    int code = cuda::enqueue_gather(bench.launcher, task, device.stream());
    EXPECT_EQ(
        bench.trouble(code) + unlike("gathered", values, expected) + unlike("vectors", vector, input.values),
        "");
    code = cuda::enqueue_take(bench.launcher, task, device.stream());
    if (code == 0) code = cuda::enqueue_take_norms(bench.launcher, bench.memory, task, device.stream());
    EXPECT_EQ(bench.trouble(code) + unlike("taken", values, expected) + unlike("left", vector, left), "");
    EXPECT_TRUE(test::same_number(bench.memory.selection->sent_squared, selection.sent_squared));
    EXPECT_EQ(bench.memory.selection->nonfinite, static_cast<std::uint64_t>(selection.nonfinite));
    for (int twice = 0; twice < 2; ++twice) {
      scalar_kernels.scatter_add(left.data(), indices.data(), expected.data(), kept);
      code = cuda::enqueue_scatter_add(bench.launcher, task, device.stream());
    }
    EXPECT_EQ(bench.trouble(code) + unlike("sums", vector, left), "") << input.name << ' ' << kept;
  });
}

}  // namespace
}  // namespace pliant
