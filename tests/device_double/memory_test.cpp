// Device memory of the double: its owner, its protection from host code, and its costs.
#include <cmath>
#include <vector>

#include "kernels/cuda/nccl_calls.hpp"
#include "tests/support/device_double/fixture.hpp"

namespace pliant::test {
namespace {

using cuda::MemoryKind;
using DeviceMemory = DeviceTest;

cuda::PointerFacts facts(const void* pointer) {
  cuda::PointerFacts found;
  EXPECT_EQ(cuda::find_memory(&found, pointer), 0);
  return found;
}

TEST_F(DeviceMemory, TheDoubleStandsInFrontOfTheLibrarysTable) {
  int devices = 0;
  ASSERT_NE(cuda::calls(), nullptr);
  EXPECT_EQ(cuda::calls()->get_device_count(&devices), 0);
  EXPECT_EQ(device_double().calls("get_device_count"), 1);
  // The library's own table: no double of NCCL is linked here.
  EXPECT_TRUE(cuda::nccl_calls() == nullptr || cuda::nccl_calls()->version >= 20000);
}

TEST_F(DeviceMemory, KindsAndOwnersAreToldOfEveryAddress) {
  device_double().reset({.devices = 2});
  ASSERT_EQ(cuda().set_device(1), 0);
  void *device = nullptr, *pinned = nullptr;
  ASSERT_EQ(cuda().malloc(&device, 1000), 0);
  ASSERT_EQ(cuda().malloc_host(&pinned, 1000), 0);
  void* const managed = device_double().malloc_managed(1000);
  void* const other = device_double().malloc_on(0, 1000);
  const std::vector<char> host(1000);
  const auto expect = [](const void* memory, MemoryKind kind, int owner) {
    for (const int offset : {0, 1, 999}) {
      const cuda::PointerFacts found = facts(static_cast<const char*>(memory) + offset);
      EXPECT_EQ(static_cast<int>(found.kind), static_cast<int>(kind)) << memory_name(kind) << " + " << offset;
      EXPECT_EQ(found.device, owner) << memory_name(kind) << " + " << offset;
    }
  };
  expect(device, MemoryKind::device, 1);
  expect(pinned, MemoryKind::pinned, 1);
  expect(managed, MemoryKind::managed, 1);
  expect(other, MemoryKind::device, 0);
  expect(host.data(), MemoryKind::host, -1);
  expect(nullptr, MemoryKind::host, -1);
  EXPECT_EQ(facts(static_cast<char*>(device) + 1000).kind, MemoryKind::host) << "one past the end";
  EXPECT_EQ(cuda().free(pinned), kInvalidValue);
  EXPECT_EQ(cuda().free_host(device), kInvalidValue);
  EXPECT_EQ(cuda().free(static_cast<char*>(device) + 256), kInvalidValue);
  for (void* memory : {device, managed, other}) EXPECT_EQ(cuda().free(memory), 0);
  EXPECT_EQ(cuda().free(device), kInvalidValue) << "twice";
  EXPECT_EQ(cuda().free_host(pinned), 0);
  EXPECT_EQ(cuda().free(nullptr), 0);
}

TEST_F(DeviceMemory, IsGarbageAtFirstAndAligned) {
  for (const std::size_t count : {1U, 64U, 1000U, 5000U}) {
    void* memory = nullptr;
    ASSERT_EQ(cuda().malloc(&memory, count * sizeof(float)), 0);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory) % 256, 0U);
    for (const float value : device_double().download(static_cast<float*>(memory), count))
      ASSERT_TRUE(std::isnan(value));
    ASSERT_EQ(cuda().free(memory), 0);
  }
}

TEST_F(DeviceMemory, HostCodeThatTouchesItCrashes) {
  float* memory = device_double().upload(std::vector<float>{1, 2, 3});
  EXPECT_DEATH({ *const_cast<volatile float*>(memory) = 4; }, "");
  EXPECT_DEATH({ [[maybe_unused]] const float read = *const_cast<volatile float*>(memory); }, "");
  device_double().set_access(Access::open);
  EXPECT_EQ(memory[1], 2);
  memory[1] = 5;
  device_double().set_access(Access::guarded);
  EXPECT_EQ(device_double().download(memory, 3), (std::vector<float>{1, 5, 3}));
  EXPECT_DEATH({ *const_cast<volatile float*>(memory) = 4; }, "");
  EXPECT_EQ(cuda().free(memory), 0);
}

TEST_F(DeviceMemory, PinnedAndManagedAreTheHostsToo) {
  void* pinned = nullptr;
  ASSERT_EQ(cuda().malloc_host(&pinned, 4), 0);
  void* const managed = device_double().malloc_managed(4);
  *static_cast<int*>(pinned) = 1;
  *static_cast<int*>(managed) = *static_cast<int*>(pinned);
  EXPECT_EQ(cuda().free(managed), 0);
  EXPECT_EQ(cuda().free_host(pinned), 0);
}

TEST_F(DeviceMemory, WritingPastItsEndIsNoticed) {
  device_double().set_access(Access::open);
  void* memory = nullptr;
  ASSERT_EQ(cuda().malloc(&memory, 100), 0);
  char* const end = static_cast<char*>(memory) + 100;
  EXPECT_EQ(*end, static_cast<char>(0xa5));
  *end = 1;
  EXPECT_NE(device_double().leaks().find("written beyond the end of 100 bytes"), std::string::npos);
  EXPECT_DEATH(cuda().free(memory), "written beyond the end of 100 bytes");
  *end = static_cast<char>(0xa5);
  char* const before = static_cast<char*>(memory) - 1;
  *before = 1;
  EXPECT_DEATH(cuda().free(memory), "written before the beginning of 100 bytes");
  *before = static_cast<char>(0xa5);
  EXPECT_EQ(cuda().free(memory), 0);
}

TEST_F(DeviceMemory, RunsOut) {
  device_double().reset({.memory_bytes = 1000, .largest_bytes = 600, .pinned_bytes = 100});
  void *first = nullptr, *second = nullptr, *pinned = nullptr;
  EXPECT_EQ(cuda().malloc(&first, 601), cuda().out_of_memory);
  EXPECT_EQ(cuda().malloc(&first, 600), 0);
  EXPECT_EQ(cuda().malloc(&second, 401), cuda().out_of_memory);
  EXPECT_EQ(second, nullptr);
  EXPECT_EQ(cuda().malloc(&second, 400), 0);
  EXPECT_EQ(cuda().malloc_host(&pinned, 101), cuda().out_of_memory);
  EXPECT_EQ(cuda().malloc_host(&pinned, 100), 0);
  EXPECT_EQ(device_double().held_bytes(MemoryKind::device), 1000U);
  EXPECT_EQ(cuda().free(first), 0);
  EXPECT_EQ(cuda().malloc(&first, 500), 0) << "what was freed is there again";
  EXPECT_EQ(device_double().counters().peak_device_bytes, 1000U);
  EXPECT_EQ(device_double().counters().peak_pinned_bytes, 100U);
  for (void* memory : {first, second}) EXPECT_EQ(cuda().free(memory), 0);
  EXPECT_EQ(cuda().free_host(pinned), 0);
}

TEST_F(DeviceMemory, WhatIsNotGivenBackIsTold) {
  void *memory = nullptr, *stream = nullptr, *event = nullptr;
  ASSERT_EQ(cuda().malloc(&memory, 7), 0);
  ASSERT_EQ(cuda().stream_create(&stream), 0);
  ASSERT_EQ(cuda().event_create(&event), 0);
  EXPECT_EQ(device_double().leaks(), "7 bytes of device memory, device 0; 1 streams; 1 events; ");
  EXPECT_EQ(cuda().free(memory), 0);
  EXPECT_EQ(cuda().stream_destroy(stream), 0);
  EXPECT_EQ(cuda().event_destroy(event), 0);
  EXPECT_EQ(cuda().stream_destroy(stream), kInvalidHandle);
  EXPECT_EQ(cuda().event_destroy(event), kInvalidHandle);
}

}  // namespace
}  // namespace pliant::test
