// A launched kernel runs when its stream reaches it, with the arguments of the call, on device memory.
#include <numeric>
#include <vector>

#include "tests/support/device_double/fixture.hpp"

namespace pliant::test {
namespace {

using cuda::Kernel;
using cuda::MoveArguments;

/// The simplest kernel. With all indices: into[i] += from[i].
constexpr Kernel kSum = Kernel::scatter_add;

class Kernels : public DeviceTest {
 protected:
  void SetUp() override {
    device_double().reset({.devices = 2});
    into_ = device_double().upload(std::vector<float>(kCount, 1));
    from_ = device_double().upload(std::vector<float>(kCount, 2));
    std::vector<std::uint32_t> indices(kCount + 2);
    std::iota(indices.begin(), indices.end(), 0U);
    all_ = device_double().upload(indices);
  }
  void TearDown() override {
    EXPECT_EQ(cuda().free(into_), device_double().sticky());
    EXPECT_EQ(cuda().free(from_), device_double().sticky());
    EXPECT_EQ(cuda().free(all_), device_double().sticky());
    DeviceTest::TearDown();
  }
  int launch(float* into, float* from, std::int64_t count, unsigned blocks = 3) {
    const MoveArguments arguments{into, all_, from, count};
    return cuda().launch_kernel(kSum, blocks, &arguments, nullptr);
  }

  static constexpr std::size_t kCount = 3000;
  float *into_ = nullptr, *from_ = nullptr;
  std::uint32_t* all_ = nullptr;  ///< all indices
};

TEST_F(Kernels, RunLaterWithTheArgumentsOfTheCall) {
  MoveArguments arguments{into_, all_, from_, kCount};
  ASSERT_EQ(cuda().launch_kernel(kSum, 3, &arguments, nullptr), 0);
  arguments = {};
  EXPECT_EQ(device_double().download(into_, kCount), std::vector<float>(kCount, 1));
  ASSERT_EQ(cuda().stream_synchronize(nullptr), 0);
  EXPECT_EQ(device_double().download(into_, kCount), std::vector<float>(kCount, 3));
  EXPECT_EQ(device_double().launches(kSum), 1);
  unsigned blocks = 0;
  EXPECT_EQ(cuda().resident_blocks(kSum, &blocks), 0);
  EXPECT_EQ(blocks, device_double().options().resident_blocks);
}

TEST_F(Kernels, RunInEverySchedule) {
  for (const Schedule schedule : {eager(), lazy(), random_order(1), random_order(2)}) {
    device_double().set_schedule(schedule);
    device_double().write(into_, std::vector<float>(kCount, 1).data(), kCount * sizeof(float));
    for (const unsigned blocks : {1U, 4U, 40U}) ASSERT_EQ(launch(into_, from_, kCount, blocks), 0);
    ASSERT_EQ(cuda().stream_synchronize(nullptr), 0);
    EXPECT_EQ(device_double().download(into_, kCount), std::vector<float>(kCount, 7));
  }
}

TEST_F(Kernels, PinnedAndManagedMemoryIsTheirsToo) {
  void* pinned = nullptr;
  ASSERT_EQ(cuda().malloc_host(&pinned, sizeof(float)), 0);
  auto* const managed = static_cast<float*>(device_double().malloc_managed(sizeof(float)));
  *static_cast<float*>(pinned) = 5;
  *managed = 6;
  ASSERT_EQ(launch(managed, static_cast<float*>(pinned), 1), 0);
  ASSERT_EQ(cuda().stream_synchronize(nullptr), 0);
  EXPECT_EQ(*managed, 11);
  EXPECT_EQ(cuda().free(managed), 0);
  EXPECT_EQ(cuda().free_host(pinned), 0);
}

TEST_F(Kernels, APointerToPageableMemoryIsAnIllegalAddress) {
  std::vector<float> host(kCount, 1);
  ASSERT_EQ(launch(into_, host.data(), kCount), 0);
  EXPECT_EQ(cuda().stream_synchronize(nullptr), kIllegalAddress);
  EXPECT_EQ(device_double().download(into_, kCount), std::vector<float>(kCount, 1));
}

TEST_F(Kernels, APointerToAnotherDeviceIsAnIllegalAddress) {
  auto* const other = static_cast<float*>(device_double().malloc_on(1, sizeof(float)));
  ASSERT_EQ(launch(into_, other, 1), 0);
  EXPECT_EQ(cuda().stream_synchronize(nullptr), kIllegalAddress);
  EXPECT_EQ(cuda().free(other), kIllegalAddress);
}

TEST_F(Kernels, WritingPastTheEndEndsTheTest) {
  EXPECT_DEATH(
      {
        launch(into_, from_, kCount + 2);
        cuda().stream_synchronize(nullptr);
      },
      "kernel [0-9]+: written beyond the end of 12000 bytes of device memory");
}

TEST_F(Kernels, RefusedAtTheCall) {
  EXPECT_EQ(launch(into_, from_, 1, /*blocks=*/0), kInvalidConfiguration);
  ASSERT_EQ(cuda().set_device(1), 0);
  cuda::Stream stream = nullptr;
  ASSERT_EQ(cuda().stream_create(&stream), 0);
  ASSERT_EQ(cuda().set_device(0), 0);
  const MoveArguments arguments{into_, all_, from_, 1};
  EXPECT_EQ(cuda().launch_kernel(kSum, 1, &arguments, stream), kInvalidHandle) << "of device 1";
  EXPECT_EQ(cuda().stream_destroy(stream), 0);
}

}  // namespace
}  // namespace pliant::test
